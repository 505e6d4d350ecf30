import type { Player } from './Player.ts';

/** What `window.maydan` tells tests and benchmarks; nothing on the page depends on it. */
export interface MaydanProbe {
  /** Latency as the page shows it, null when nothing is live. */
  readonly latencySec: number | null;
  /** Rendition on screen, such as `720p`; null before the first. */
  readonly currentLevel: string | null;
  stats(): PlayerStats;
}

export type PlayerStats = ReturnType<typeof statsOf>;

declare global {
  interface Window {
    readonly maydan?: MaydanProbe;
  }
}

function statsOf(player: Player) {
  const state = player.engineState();
  const snapshot = player.snapshot();
  const { positionSec, bufferedEndSec } = snapshot.timeline;
  return {
    ...player.report(),
    phase: snapshot.phase,
    kind: snapshot.kind,
    following: snapshot.following,
    positionSec,
    windowStartSec: state.windowStartSec,
    windowEndSec: state.windowEndSec,
    bufferedAheadSec: bufferedEndSec - positionSec,
    playbackRate: player.video.playbackRate,
    latencySec: snapshot.latencySec,
    /** Distance from the newest media offered. */
    edgeLatencySec: state.edgeLatencySec,
    /** This machine's clock minus the program date-time on screen. */
    wallClockLatencySec: state.dateMs === null ? null : (Date.now() - state.dateMs) / 1000,
    targetLatencySec: state.targetLatencySec,
    level: state.activeQuality,
    bandwidthBps: state.bandwidthBps,
  };
}

/** Puts a read-only probe on `window` until the returned function is called. */
export function exposeForMeasurements(player: Player): () => void {
  const probe: MaydanProbe = Object.freeze({
    get latencySec() {
      return player.snapshot().latencySec;
    },
    get currentLevel() {
      return player.snapshot().activeQuality;
    },
    stats: () => statsOf(player),
  });
  Object.defineProperty(window, 'maydan', { value: probe, configurable: true });
  return () => {
    if (window.maydan === probe)
      Object.defineProperty(window, 'maydan', { value: undefined, configurable: true });
  };
}
