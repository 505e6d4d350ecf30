import type { Me, Session } from '@maydan/contracts';
import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { account } from '../account/useAccount.ts';
import { useSession } from '../api/useSession.ts';
import type { LocalMedia } from '../stage/LocalMedia.ts';
import type { CloseReason } from '../stage/stageState.ts';
import { useLocalMediaState, useStageClient, useStageState } from '../stage/useStageClient.ts';
import { useAction } from '../stage/useSeat.ts';
import { Notice } from '../ui/Notice.tsx';
import { problemText } from '../ui/problemText.ts';
import { DevicePicker } from '../ui/stage/DevicePicker.tsx';
import { EncoderPanel } from '../ui/stage/EncoderPanel.tsx';
import { HealthPanel } from '../ui/stage/HealthPanel.tsx';
import { SeatsPanel } from '../ui/stage/SeatsPanel.tsx';
import { StageControls } from '../ui/stage/StageControls.tsx';
import { StageView } from '../ui/stage/StageView.tsx';
import { StateBadge } from '../ui/StateBadge.tsx';
import { EndButton } from './EndButton.tsx';
import { SessionLayout } from './LayoutChoice.tsx';
import { startDevices } from './StartDevices.tsx';

interface StudioSessionProps {
  readonly sessionId: string;
  readonly user: Me;
  readonly local: LocalMedia;
  /** The host sends from this browser. */
  readonly onAir: boolean;
  readonly onGoOnAir: () => void;
  /** The sfu put the host out of the room, for example because of another window. */
  readonly onOut: () => void;
  readonly onDone: () => void;
}

/** One session from its host's side. */
export function StudioSession(props: StudioSessionProps) {
  const { t } = useTranslation();
  const { view, refresh } = useSession(props.sessionId, null);
  if (view.status === 'loading') return <Notice title={t('stage.loading')} busy />;
  if (view.status === 'failed') return <Notice title={problemText(t, view.problem)} onRetry={refresh} />;
  const own = view.status === 'ready' && view.session.host.id === props.user.id;
  if (view.status === 'notFound' || !own) {
    return <Notice title={t('stage.notFound')} homeLink testId="studio-not-found" />;
  }
  const { session } = view;
  if (session.state === 'ended' || session.state === 'failed') {
    return <Ended session={session} onDone={props.onDone} />;
  }
  return <Running {...props} session={session} refresh={refresh} />;
}

function Ended({ session, onDone }: { readonly session: Session; readonly onDone: () => void }) {
  const { t } = useTranslation();
  const reason = session.endReason ? t(`endReason.${session.endReason}`) : undefined;
  return (
    <Notice title={t('stage.ended')} hint={reason} testId="studio-ended">
      <span className="row">
        <Link className="button quiet" to={`/watch/${session.id}`}>
          {t('studio.watchPage')}
        </Link>
        <button type="button" className="button" data-testid="studio-new" onClick={onDone}>
          {t('studio.newSession')}
        </button>
      </span>
    </Notice>
  );
}

interface RunningProps extends StudioSessionProps {
  readonly session: Session;
  readonly refresh: () => void;
}

function Running({ session, user, local, onAir, onGoOnAir, onOut, refresh }: RunningProps) {
  const { t } = useTranslation();
  const { client, failed } = useStageClient(session.id, onAir ? 'host' : null, local);
  const { connection, closeReason } = useStageState(client);
  const [out, setOut] = useState<CloseReason | null>(null);
  const latestOut = useRef(onOut);
  latestOut.current = onOut;
  useEffect(() => {
    const reason = failed ? 'lost' : connection === 'closed' ? closeReason : null;
    if (reason === null || reason === 'left') return;
    setOut(reason);
    latestOut.current();
  }, [failed, connection, closeReason]);
  return (
    <div className="studio-session">
      <div className="studio-main">
        <div className="studio-title">
          <h2>
            <bdi data-testid="title">{session.title}</bdi>
          </h2>
          <StateBadge state={session.state} />
          <Link to={`/watch/${session.id}`} target="_blank" data-testid="studio-watch">
            {t('studio.watchPage')}
          </Link>
        </div>
        {onAir ? (
          <OnAir session={session} user={user} local={local} client={client} refresh={refresh} />
        ) : (
          <Waiting session={session} local={local} out={out} onGoOnAir={onGoOnAir} refresh={refresh} />
        )}
        {session.type === 'video' && <SessionLayout session={session} refresh={refresh} />}
      </div>
      <div className="studio-side">
        <SeatsPanel sessionId={session.id} client={client} />
        <HealthPanel sessionId={session.id} client={client} />
        <EncoderPanel />
      </div>
    </div>
  );
}

function useEnd(session: Session, refresh: () => void) {
  const action = useAction();
  const end = (): void =>
    void action.run(() => account.call((api) => api.sessions.end({ id: session.id }))).then(refresh);
  return { action, end };
}

interface OnAirProps extends Pick<RunningProps, 'session' | 'user' | 'local' | 'refresh'> {
  readonly client: ReturnType<typeof useStageClient>['client'];
}

function OnAir({ session, user, local, client, refresh }: OnAirProps) {
  const { t } = useTranslation();
  const media = useLocalMediaState(local);
  const { problem, connection } = useStageState(client);
  const { action, end } = useEnd(session, refresh);
  const self = { userId: user.id, name: user.displayName, local: media };
  const failed = connection === 'connected' ? problem : null;
  return (
    <>
      <StageView client={client} type={session.type} self={self} />
      <StageControls client={client} local={local} type={session.type}>
        <EndButton busy={action.busy} onEnd={end} />
      </StageControls>
      <p className="form-problem" role="alert">
        {failed !== null && t('room.cannotSend')}
        {action.problem && problemText(t, action.problem)}
      </p>
      <details className="panel-box">
        <summary>
          <h2>{t('device.title')}</h2>
        </summary>
        <DevicePicker local={local} type={session.type} />
      </details>
    </>
  );
}

interface WaitingProps extends Pick<RunningProps, 'session' | 'local' | 'onGoOnAir' | 'refresh'> {
  /** Why the host isn't on air any more. */
  readonly out: CloseReason | null;
}

function Waiting({ session, local, out, onGoOnAir, refresh }: WaitingProps) {
  const { t } = useTranslation();
  const [starting, setStarting] = useState(false);
  const { action, end } = useEnd(session, refresh);
  const start = async (): Promise<void> => {
    setStarting(true);
    await startDevices(local, session.type);
    onGoOnAir();
  };
  return (
    <div className="panel-box" data-testid="studio-waiting">
      <p role="status">{out === null ? t('studio.waiting') : t(`room.closed.${out}`)}</p>
      <DevicePicker local={local} type={session.type} />
      <div className="row">
        <button
          type="button"
          className="button"
          disabled={starting}
          data-testid="studio-go-on-air"
          onClick={() => void start()}
        >
          {t('studio.goLive')}
        </button>
        <EndButton busy={action.busy} onEnd={end} />
      </div>
      <p className="form-problem" role="alert">
        {action.problem && problemText(t, action.problem)}
      </p>
    </div>
  );
}
