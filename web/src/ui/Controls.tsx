import { useTranslation } from 'react-i18next';
import { formatClock, formatLatency } from '../i18n/format.ts';
import type { Player } from '../player/Player.ts';
import type { PlayerSnapshot } from '../player/snapshot.ts';
import { ExitFullscreenIcon, FullscreenIcon, PauseIcon, PipIcon, PlayIcon, ReplayIcon } from './icons.tsx';
import { pipOffered, togglePip } from './playerCommands.ts';
import { QualityMenu } from './QualityMenu.tsx';
import { SeekBar } from './SeekBar.tsx';
import type { Fullscreen } from './useFullscreen.ts';
import { VolumeControl } from './VolumeControl.tsx';
import { IconButton } from './IconButton.tsx';

interface ControlsProps {
  readonly player: Player;
  readonly snapshot: PlayerSnapshot;
  readonly storyboardUrl: string | null;
  readonly fullscreen: Fullscreen;
}

/** The bar under the picture. Media bars run from left to right in every language. */
export function Controls({ player, snapshot, storyboardUrl, fullscreen }: ControlsProps) {
  const { t } = useTranslation();
  const known = snapshot.timeline.endSec > 0;
  return (
    <div className="controls" dir="ltr" data-testid="controls">
      {known && <SeekBar player={player} snapshot={snapshot} storyboardUrl={storyboardUrl} />}
      <div className="buttons">
        <PlayButton player={player} snapshot={snapshot} />
        <VolumeControl player={player} snapshot={snapshot} />
        {known && snapshot.kind === 'live' && <LiveButton player={player} snapshot={snapshot} />}
        {known && <TimeText snapshot={snapshot} />}
        <span className="spacer" />
        <QualityMenu player={player} snapshot={snapshot} />
        {pipOffered(player.video) && !snapshot.audioOnly && (
          <IconButton label={t('player.pip')} testId="pip" onClick={() => togglePip(player.video)}>
            <PipIcon />
          </IconButton>
        )}
        {fullscreen.offered && (
          <IconButton
            label={fullscreen.active ? t('player.exitFullscreen') : t('player.fullscreen')}
            testId="fullscreen"
            onClick={fullscreen.toggle}
          >
            {fullscreen.active ? <ExitFullscreenIcon /> : <FullscreenIcon />}
          </IconButton>
        )}
      </div>
    </div>
  );
}

type PartProps = Pick<ControlsProps, 'player' | 'snapshot'>;

function PlayButton({ player, snapshot }: PartProps) {
  const { t } = useTranslation();
  if (snapshot.phase === 'ended') {
    return (
      <IconButton label={t('player.replay')} testId="play" onClick={() => player.replay()}>
        <ReplayIcon />
      </IconButton>
    );
  }
  const paused = snapshot.phase === 'paused' || snapshot.phase === 'blocked';
  return (
    <IconButton
      label={paused ? t('player.play') : t('player.pause')}
      testId="play"
      onClick={() => (paused ? player.play() : player.pause())}
    >
      {paused ? <PlayIcon /> : <PauseIcon />}
    </IconButton>
  );
}

/** Red while the viewer follows the broadcast; else the way back to it. */
function LiveButton({ player, snapshot }: PartProps) {
  const { t } = useTranslation();
  const { following } = snapshot;
  return (
    <button
      type="button"
      className={following ? 'live-button on' : 'live-button'}
      aria-label={following ? t('player.atLive') : t('player.goLive')}
      data-testid="go-live"
      data-live={following}
      onClick={() => player.goLive()}
    >
      <span className="live-dot" aria-hidden="true" />
      {following ? t('player.live') : t('player.goLive')}
    </button>
  );
}

/** Latency at the live point, the time behind it, or the position in a recording. */
function TimeText({ snapshot }: Pick<ControlsProps, 'snapshot'>) {
  const { t, i18n } = useTranslation();
  const { timeline, behindSec, latencySec } = snapshot;
  if (snapshot.kind === 'recording') {
    const position = formatClock(i18n.language, timeline.positionSec - timeline.startSec);
    const duration = formatClock(i18n.language, timeline.endSec - timeline.startSec);
    return (
      <span className="time" data-testid="time">
        {position} / {duration}
      </span>
    );
  }
  if (!snapshot.following) {
    return (
      <span className="time" data-testid="behind">
        {t('player.behind', { time: formatClock(i18n.language, behindSec) })}
      </span>
    );
  }
  // While nothing moves a latency would only count up.
  const moving = snapshot.phase === 'playing' || snapshot.phase === 'paused';
  if (latencySec === null || !moving) return null;
  return (
    <span className="time" title={t('player.latency')} data-testid="latency">
      <span className="sr-only">{t('player.latency')} </span>
      <bdi>{formatLatency(i18n.language, latencySec)}</bdi>
    </span>
  );
}
