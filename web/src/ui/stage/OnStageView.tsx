import type { Me, Session } from '@maydan/contracts';
import { useEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import type { LocalMedia } from '../../stage/LocalMedia.ts';
import type { CloseReason } from '../../stage/stageState.ts';
import { useLocalMediaState, useStageClient, useStageState } from '../../stage/useStageClient.ts';
import { LeaveIcon } from '../icons.tsx';
import { StageControls } from './StageControls.tsx';
import { StageView } from './StageView.tsx';

interface OnStageProps {
  readonly session: Session;
  readonly user: Me;
  readonly local: LocalMedia;
  readonly onLeave: () => void;
  /** The stage put this person out. */
  readonly onOut: (reason: CloseReason) => void;
}

/** The stage as a co-host sees it, with their own camera and microphone. */
export function OnStageView({ session, user, local, onLeave, onOut }: OnStageProps) {
  const { t } = useTranslation();
  const { client } = useStageClient(session.id, 'cohost', local);
  const media = useLocalMediaState(local);
  const { connection, closeReason, problem } = useStageState(client);
  const latest = useRef(onOut);
  latest.current = onOut;
  useEffect(() => {
    if (connection === 'closed') latest.current(closeReason ?? 'left');
  }, [connection, closeReason]);
  const self = { userId: user.id, name: user.displayName, local: media };
  return (
    <div className="on-stage" data-testid="on-stage">
      <StageView client={client} type={session.type} self={self} />
      <StageControls client={client} local={local} type={session.type}>
        <button type="button" className="button danger" data-testid="leave-stage" onClick={onLeave}>
          <LeaveIcon />
          <span>{t('seat.leave')}</span>
        </button>
      </StageControls>
      <p className="form-problem" role="alert">
        {connection === 'connected' && problem !== null && t('room.cannotSend')}
      </p>
    </div>
  );
}
