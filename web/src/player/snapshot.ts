import type { EngineState, Quality } from './engine.ts';
import { shownLatencySec } from './latencyPolicy.ts';
import { bufferedEnd } from './timeline.ts';
import type { Timeline, TimeRange } from './timeline.ts';

/**
 * `opening`: nothing was shown yet · `waiting`: out of media · `recovering`: a fault is being got over ·
 * `blocked`: the browser wants a gesture before it plays · `unsupported`: this browser can't play it.
 */
export type PlayerPhase =
  'opening' | 'playing' | 'paused' | 'waiting' | 'recovering' | 'blocked' | 'ended' | 'unsupported';

/** Everything the page shows of the player; a new object for each change. */
export interface PlayerSnapshot {
  readonly phase: PlayerPhase;
  readonly kind: 'live' | 'recording';
  readonly timeline: Timeline;
  /** Null for a recording. */
  readonly liveSyncSec: number | null;
  readonly following: boolean;
  /** Seconds behind the live point; 0 while following. */
  readonly behindSec: number;
  readonly latencySec: number | null;
  readonly qualities: readonly Quality[];
  readonly selectedQuality: string;
  readonly activeQuality: string | null;
  readonly audioOnly: boolean;
  readonly canSelectAudio: boolean;
  readonly volume: number;
  readonly muted: boolean;
  /** Muted by the browser's autoplay policy, not by the viewer. */
  readonly mutedByPolicy: boolean;
  /** Faults in a row; see recovery.ts for when the viewer is told. */
  readonly attempts: number;
}

export const emptyEngineState: EngineState = {
  live: null,
  windowStartSec: 0,
  windowEndSec: 0,
  liveSyncSec: null,
  edgeLatencySec: null,
  targetLatencySec: null,
  targetDurationSec: 0,
  dateMs: null,
  qualities: [],
  selectedQuality: 'auto',
  activeQuality: null,
  audioOnly: false,
  audioUrl: null,
  bandwidthBps: null,
  silentMs: null,
};

/** Facts from which the phase follows, strongest first. */
export interface PhaseInput {
  readonly unsupported: boolean;
  readonly recovering: boolean;
  readonly blocked: boolean;
  readonly ended: boolean;
  readonly shown: boolean;
  readonly paused: boolean;
  readonly waiting: boolean;
}

export function phaseOf(input: PhaseInput): PlayerPhase {
  if (input.unsupported) return 'unsupported';
  if (input.recovering) return 'recovering';
  if (input.blocked) return 'blocked';
  if (input.ended) return 'ended';
  if (!input.shown) return 'opening';
  if (input.paused) return 'paused';
  return input.waiting ? 'waiting' : 'playing';
}

/** The video element's side of a snapshot. */
export interface VideoFacts {
  readonly positionSec: number;
  readonly buffered: readonly TimeRange[];
  readonly volume: number;
  readonly muted: boolean;
}

/** The player's own side: what was asked for and what it remembers. */
export interface PlayerFacts {
  readonly phase: PlayerPhase;
  /** What was opened, until a playlist says more. */
  readonly openedLive: boolean;
  readonly following: boolean;
  readonly quality: string;
  readonly qualities: readonly Quality[];
  readonly mutedByPolicy: boolean;
  readonly attempts: number;
}

export function snapshotOf(
  state: EngineState,
  video: VideoFacts,
  player: PlayerFacts,
  nowMs: number,
): PlayerSnapshot {
  const live = state.live ?? player.openedLive;
  const following = live && player.following;
  const { liveSyncSec } = state;
  return {
    phase: player.phase,
    kind: live ? 'live' : 'recording',
    timeline: {
      startSec: state.windowStartSec,
      endSec: Math.max(state.windowEndSec, state.windowStartSec),
      positionSec: video.positionSec,
      bufferedEndSec: bufferedEnd(video.buffered, video.positionSec),
    },
    liveSyncSec,
    following,
    behindSec: following || liveSyncSec === null ? 0 : Math.max(0, liveSyncSec - video.positionSec),
    latencySec: shownLatencySec(state.edgeLatencySec, state.dateMs, nowMs),
    // While an engine opens, the menu shows what is known from the one before.
    qualities: state.qualities.length > 0 ? state.qualities : player.qualities,
    selectedQuality: state.live === null ? player.quality : state.selectedQuality,
    activeQuality: state.activeQuality,
    audioOnly: state.audioOnly,
    canSelectAudio: state.audioUrl !== null,
    volume: video.volume,
    muted: video.muted,
    mutedByPolicy: player.mutedByPolicy && video.muted,
    attempts: player.attempts,
  };
}
