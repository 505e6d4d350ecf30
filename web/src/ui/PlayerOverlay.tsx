import { useTranslation } from 'react-i18next';
import type { Player } from '../player/Player.ts';
import { attemptsBeforeTelling } from '../player/recovery.ts';
import type { PlayerSnapshot } from '../player/snapshot.ts';
import { MutedIcon, PlayIcon, ReplayIcon, SoundIcon } from './icons.tsx';

interface OverlayProps {
  readonly player: Player;
  readonly snapshot: PlayerSnapshot;
  readonly interrupted: boolean;
  readonly broadcastEnded: boolean;
  readonly title: string;
  readonly posterUrl: string | null;
}

/** What is said on top of the picture: waiting, faults, the end, sound that the browser holds back. */
export function PlayerOverlay(props: OverlayProps) {
  const { t } = useTranslation();
  const { player, snapshot } = props;
  return (
    <>
      {snapshot.audioOnly && <SoundPanel title={props.title} posterUrl={props.posterUrl} />}
      <div className="overlay" aria-live="polite">
        <OverlayMessage {...props} />
      </div>
      {snapshot.mutedByPolicy && snapshot.phase !== 'ended' && (
        <button type="button" className="unmute" data-testid="unmute" onClick={() => player.setMuted(false)}>
          <MutedIcon />
          {t('player.tapToUnmute')}
        </button>
      )}
    </>
  );
}

function OverlayMessage({ player, snapshot, interrupted, broadcastEnded }: OverlayProps) {
  const { t } = useTranslation();
  const { phase, kind } = snapshot;
  if (phase === 'unsupported') {
    return <Panel text={t('stage.unsupported')} hint={t('stage.unsupportedHint')} testId="unsupported" />;
  }
  if (phase === 'blocked') {
    return (
      <button
        type="button"
        className="big-button"
        aria-label={t('player.play')}
        onClick={() => player.play()}
      >
        <PlayIcon />
      </button>
    );
  }
  if (phase === 'ended') {
    return (
      <Panel
        text={broadcastEnded || kind === 'live' ? t('stage.ended') : t('stage.recordingEnded')}
        testId="ended"
      >
        <button type="button" className="button" data-testid="replay" onClick={() => player.replay()}>
          <ReplayIcon />
          {t('stage.watchRecording')}
        </button>
      </Panel>
    );
  }
  if (phase === 'recovering' && snapshot.attempts >= attemptsBeforeTelling && !interrupted) {
    return (
      <Panel text={t('stage.trouble')} busy testId="trouble">
        <button type="button" className="button" data-testid="retry" onClick={() => player.retry()}>
          {t('stage.retry')}
        </button>
      </Panel>
    );
  }
  if (interrupted && kind === 'live' && snapshot.following && phase !== 'playing' && phase !== 'paused') {
    return <Panel text={t('stage.interrupted')} busy testId="reconnecting" />;
  }
  if (phase === 'recovering') return <Panel text={t('stage.reconnecting')} busy testId="reconnecting" />;
  if (phase === 'opening' || phase === 'waiting') {
    return (
      <span
        className="spinner large"
        role="status"
        aria-label={t('player.buffering')}
        data-testid="buffering"
      />
    );
  }
  return null;
}

interface PanelProps {
  readonly text: string;
  readonly hint?: string;
  readonly busy?: boolean;
  readonly testId: string;
  readonly children?: React.ReactNode;
}

function Panel({ text, hint, busy, testId, children }: PanelProps) {
  return (
    <div className="panel" data-testid={testId}>
      {busy && <span className="spinner" aria-hidden="true" />}
      <p>{text}</p>
      {hint && <p className="panel-hint">{hint}</p>}
      {children}
    </div>
  );
}

/** In place of the picture when there is only sound. */
function SoundPanel({ title, posterUrl }: { readonly title: string; readonly posterUrl: string | null }) {
  const { t } = useTranslation();
  return (
    <div className="sound-panel" data-testid="audio-panel">
      {posterUrl && <img src={posterUrl} alt="" />}
      <div className="sound-body">
        <span className="sound-icon">
          <SoundIcon />
        </span>
        <p className="sound-title">
          <bdi>{title}</bdi>
        </p>
        <p className="sound-hint">{t('player.audioOnly')}</p>
      </div>
    </div>
  );
}
