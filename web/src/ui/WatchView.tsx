import type { ErrorCode, Session } from '@maydan/contracts';
import type { TFunction } from 'i18next';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useSession } from '../api/useSession.ts';
import { useViewing } from '../api/useViewing.ts';
import { useTitle } from '../app/useTitle.ts';
import { formatDate } from '../i18n/format.ts';
import { Notice } from './Notice.tsx';
import { PlayerView } from './PlayerView.tsx';
import { problemText } from './problemText.ts';
import { SessionDetails } from './SessionDetails.tsx';
import { LiveStage } from './stage/LiveStage.tsx';
import { stageOf } from './stage.ts';

function StageMessage({ session, message }: { readonly session: Session; readonly message: string }) {
  const { t, i18n } = useTranslation();
  const reason = session.endReason ? t(`endReason.${session.endReason}`) : undefined;
  const planned = session.scheduledStartAt;
  switch (message) {
    case 'idle': {
      const hint = planned
        ? t('stage.scheduled', { date: formatDate(i18n.language, planned) })
        : t('stage.idleHint');
      return <Notice title={t('stage.idle')} hint={hint} testId="stage-idle" />;
    }
    case 'starting':
      return <Notice title={t('stage.starting')} hint={t('stage.idleHint')} busy testId="stage-starting" />;
    case 'failed':
      return <Notice title={t('stage.failed')} hint={reason} testId="stage-failed" />;
    case 'recordingHidden':
      return <Notice title={t('stage.recordingHidden')} testId="stage-recording-hidden" />;
    case 'recordingDeleted':
      return <Notice title={t('stage.recordingDeleted')} testId="stage-recording-deleted" />;
    default:
      return <Notice title={t('stage.noRecording')} hint={reason} testId="stage-no-recording" />;
  }
}

function hintOf(t: TFunction, code: ErrorCode): string | undefined {
  if (code === 'session_private') return t('error.session_privateHint');
  if (code === 'chat_kicked') return t('error.chat_kickedHint');
  return code === 'forbidden' ? t('error.forbiddenHint') : undefined;
}

const onAir: readonly Session['state'][] = ['live', 'interrupted'];

interface WatchViewProps {
  readonly sessionId: string;
  /** The session, where it is already known: then it need not be asked for before it plays. */
  readonly known?: Session | null;
}

/** A session with all its states; it changes with the session, never by reloading the page. */
export function WatchView({ sessionId, known = null }: WatchViewProps) {
  const { t } = useTranslation();
  const { view, refresh } = useSession(sessionId, known);
  const [isStill, setStill] = useState(false);
  useViewing(sessionId, view.status === 'ready' && onAir.includes(view.session.state), isStill);
  useTitle(view.status === 'ready' ? view.session.title : null);

  if (view.status !== 'ready') {
    return (
      <div className="watch">
        <div className="screen">
          {view.status === 'loading' && <Notice title={t('stage.loading')} busy />}
          {view.status === 'failed' && (
            <Notice
              title={problemText(t, view.problem)}
              hint={hintOf(t, view.problem.code)}
              onRetry={refresh}
              testId="stage-error"
            />
          )}
          {view.status === 'notFound' && (
            <Notice
              title={t('stage.notFound')}
              hint={t('stage.notFoundHint')}
              homeLink
              testId="stage-not-found"
            />
          )}
        </div>
      </div>
    );
  }

  const { session } = view;
  const stage = stageOf(session);
  const picture =
    stage.kind === 'player' ? (
      <PlayerView
        key={session.playback.hlsUrl}
        session={session}
        ended={stage.ended}
        interrupted={stage.interrupted}
        onEnded={refresh}
        onStill={setStill}
      />
    ) : (
      <div className="screen">
        <StageMessage session={session} message={stage.message} />
      </div>
    );
  const over = ['ending', 'ended', 'failed'].includes(session.state);
  return (
    <div className="watch" data-testid="watch" data-state={session.state}>
      {/* The player stays the same element when the broadcast ends. */}
      <LiveStage session={session} over={over}>
        {picture}
      </LiveStage>
      <SessionDetails session={session} />
    </div>
  );
}
