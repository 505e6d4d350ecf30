import type { Session } from '@maydan/contracts';
import { useEffect, useRef } from 'react';
import type { MouseEvent } from 'react';
import { useTranslation } from 'react-i18next';
import type { Player } from '../player/Player.ts';
import type { PlayerPhase } from '../player/snapshot.ts';
import { Controls } from './Controls.tsx';
import { PlayerOverlay } from './PlayerOverlay.tsx';
import { runCommand, usePlayerKeys } from './playerCommands.ts';
import { useFullscreen } from './useFullscreen.ts';
import { useIdle } from './useIdle.ts';
import { usePlayer, usePlayerSnapshot } from './usePlayer.ts';

interface PlayerViewProps {
  readonly session: Session;
  readonly ended: boolean;
  readonly interrupted: boolean;
  /** Playback came to the end of the stream: the session's state may have changed. */
  readonly onEnded: () => void;
  /** It shows nothing new, since the viewer or the browser wants it so; or it does again. */
  readonly onStill: (isStill: boolean) => void;
}

const stillPhases: readonly PlayerPhase[] = ['paused', 'blocked', 'unsupported'];

/** The video with everything on top of it. */
export function PlayerView(props: PlayerViewProps) {
  const { t } = useTranslation();
  const { session } = props;
  const container = useRef<HTMLDivElement>(null);
  const { player, videoRef } = usePlayer();
  return (
    <div className="player-frame">
      <section className="player" ref={container} aria-label={t('player.label')} data-testid="player-frame">
        <video
          ref={videoRef}
          className="video"
          data-testid="video"
          playsInline
          crossOrigin="anonymous"
          poster={session.playback.posterUrl ?? undefined}
          aria-label={session.title}
        />
        {player && <PlayerSurface {...props} player={player} container={container} />}
      </section>
    </div>
  );
}

interface SurfaceProps extends PlayerViewProps {
  readonly player: Player;
  readonly container: React.RefObject<HTMLDivElement | null>;
}

function PlayerSurface(props: SurfaceProps) {
  const { player, container, session, ended, interrupted, onEnded, onStill } = props;
  const snapshot = usePlayerSnapshot(player);
  const fullscreen = useFullscreen(container, player.video);
  const idle = useIdle(container, snapshot.phase === 'playing');
  usePlayerKeys(container, player, fullscreen.toggle);

  const { hlsUrl } = session.playback;
  const endedAtOpen = useRef(ended);
  useEffect(() => player.open(hlsUrl, endedAtOpen.current ? 'start' : 'live'), [player, hlsUrl]);
  useEffect(() => {
    if (ended) player.broadcastEnded();
  }, [player, ended]);
  const over = snapshot.phase === 'ended';
  useEffect(() => {
    if (over && !ended) onEnded();
  }, [over, ended, onEnded]);

  const isStill = stillPhases.includes(snapshot.phase);
  useEffect(() => {
    onStill(isStill);
    return () => onStill(false);
  }, [isStill, onStill]);

  const onClick = (event: MouseEvent): void => {
    // A finger asks for the controls first; a mouse sees them already.
    if ((event.nativeEvent as PointerEvent).pointerType === 'touch') idle.toggle();
    else runCommand(player, { type: 'togglePlay' }, fullscreen.toggle);
  };
  return (
    <div
      className="surface"
      data-testid="player"
      data-phase={snapshot.phase}
      data-kind={snapshot.kind}
      data-idle={idle.idle || undefined}
    >
      <div className="click-area" onClick={onClick} onDoubleClick={fullscreen.toggle} />
      <PlayerOverlay
        player={player}
        snapshot={snapshot}
        interrupted={interrupted}
        broadcastEnded={ended}
        title={session.title}
        posterUrl={session.playback.posterUrl}
      />
      <Controls
        player={player}
        snapshot={snapshot}
        storyboardUrl={session.playback.storyboardUrl}
        fullscreen={fullscreen}
      />
    </div>
  );
}
