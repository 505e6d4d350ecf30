import type { PeerInfo } from '@maydan/contracts';
import { useTranslation } from 'react-i18next';
import { account } from '../../account/useAccount.ts';
import type { StageClient } from '../../stage/StageClient.ts';
import { useStageState } from '../../stage/useStageClient.ts';
import type { Action } from '../../stage/useSeat.ts';

interface PeopleListProps {
  readonly sessionId: string;
  readonly client: StageClient | null;
  readonly action: Action;
  readonly act: (work: () => Promise<unknown>) => void;
}

/** The others on stage, with what the host may do about them. */
export function PeopleList({ sessionId, client, action, act }: PeopleListProps) {
  const { t } = useTranslation();
  const { peers, producers } = useStageState(client);
  if (peers.length === 0) return <p className="muted">{t('seat.nobodyElse')}</p>;
  const isMuted = (peer: PeerInfo): boolean =>
    producers.some(
      ({ peerId, source, pausedBy }) =>
        peerId === peer.peerId && source === 'microphone' && pausedBy === 'host',
    );
  return (
    <ul className="people" aria-label={t('seat.onStage')}>
      {peers.map((peer) => (
        <li key={peer.peerId} className="person-row" data-testid="person" data-peer={peer.peerId}>
          <span className="person-name">
            <bdi>{peer.displayName}</bdi>
          </span>
          <span className="row">
            <PersonButtons
              sessionId={sessionId}
              peer={peer}
              muted={isMuted(peer)}
              action={action}
              act={act}
            />
          </span>
        </li>
      ))}
    </ul>
  );
}

interface ButtonsProps extends Omit<PeopleListProps, 'client'> {
  readonly peer: PeerInfo;
  readonly muted: boolean;
}

function PersonButtons({ sessionId, peer, muted, action, act }: ButtonsProps) {
  const { t } = useTranslation();
  const { peerId, userId, displayName: name } = peer;
  const id = sessionId;
  const mute = () =>
    account.call((api) => api.stage.mute({ id, peerId, source: 'microphone', muted: !muted }));
  const remove = () =>
    account.call<unknown>((api) =>
      userId === null ? api.stage.removePeer({ id, peerId }) : api.stage.remove({ id, userId }),
    );
  return (
    <>
      <button
        type="button"
        className="button quiet small"
        disabled={action.busy}
        aria-pressed={muted}
        data-testid="mute-person"
        aria-label={muted ? t('seat.unmuteName', { name }) : t('seat.muteName', { name })}
        onClick={() => act(mute)}
      >
        {muted ? t('seat.unmute') : t('seat.mute')}
      </button>
      <button
        type="button"
        className="button quiet small"
        disabled={action.busy}
        data-testid="remove-person"
        aria-label={t('seat.removeName', { name })}
        onClick={() => act(remove)}
      >
        {t('seat.remove')}
      </button>
      {userId !== null && (
        <button
          type="button"
          className="button quiet small danger-text"
          disabled={action.busy}
          data-testid="ban-person"
          aria-label={t('seat.banName', { name })}
          onClick={() => act(() => account.call((api) => api.bans.create({ id, userId })))}
        >
          {t('seat.ban')}
        </button>
      )}
    </>
  );
}
