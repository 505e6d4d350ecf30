import type { EngineState, Fault } from './engine.ts';
import { EdgeClock } from './EdgeClock.ts';
import { LatencyTarget } from './LatencyTarget.ts';
import { LiveFollower } from './LiveFollower.ts';
import { LivePace } from './LivePace.ts';
import { stuckFault } from './stuckFault.ts';

export interface LiveFacts {
  readonly state: EngineState;
  readonly positionSec: number;
  /** Not paused, not ended, not recovering, and something was shown. */
  readonly playing: boolean;
  readonly bufferedAheadSec: number;
  readonly playbackRate: number;
  /** Milliseconds since the picture last moved. */
  readonly motionlessMs: number;
  /** Something was shown and shall go on, and no attempt to recover is due. */
  readonly awaited: boolean;
  /** Faults in a row so far. */
  readonly attempts: number;
}

/** What the player has to do now. */
export interface LiveAction {
  readonly seekToSec: number | null;
  /** Zero holds still until there is enough to play. */
  readonly rate: number;
  /** The engine no longer does its work, and doesn't say so. */
  readonly stuck: Fault | null;
}

/** The edge moves with each part (0.25 s); one that didn't for this long stands still. */
const edgeAliveMs = 900;

/** Keeps a viewer at the wanted distance from the live edge, and sees when the engine no longer does its work. */
export class LiveController {
  private readonly follower = new LiveFollower();
  private readonly pace = new LivePace();
  private readonly target = new LatencyTarget();
  private readonly edge = new EdgeClock();

  get following(): boolean {
    return this.follower.following;
  }

  get holding(): boolean {
    return this.pace.holding;
  }

  get jumpCount(): number {
    return this.follower.jumpCount;
  }

  /** Another session, or the viewer's wish. */
  follow(following: boolean): void {
    this.follower.reset(following);
    this.target.reset();
    this.pace.release();
  }

  /** Another engine in the same place. */
  engineChanged(): void {
    this.edge.reset();
    this.pace.release();
  }

  positionChosen(state: EngineState, sec: number): void {
    this.follower.positionChosen(state, sec);
    this.pace.release();
  }

  resumedAt(state: EngineState, sec: number): void {
    this.follower.resumedAt(state, sec);
  }

  stalled(state: EngineState, nowMs: number): void {
    if (!state.live || !this.following) return;
    this.pace.stalled(nowMs);
    // When the edge itself stands still the broadcaster is away, and no distance from it would have helped.
    if (this.edge.sinceMoveMs(nowMs) < edgeAliveMs) this.target.stalled(nowMs, state.targetDurationSec);
  }

  /** The state with what stalls have added to the wanted latency. */
  adjusted(state: EngineState): EngineState {
    const { extra } = this.target;
    const { liveSyncSec, targetLatencySec } = state;
    return {
      ...state,
      liveSyncSec: liveSyncSec === null ? null : Math.max(state.windowStartSec, liveSyncSec - extra),
      targetLatencySec: targetLatencySec === null ? null : targetLatencySec + extra,
    };
  }

  tick(facts: LiveFacts, nowMs: number): LiveAction {
    this.target.tick(nowMs);
    const state = this.adjusted(facts.state);
    const arrivingMs = state.live ? this.edge.movingMs(state.windowEndSec, nowMs) : 0;
    const input = {
      following: this.following && state.live === true && facts.playing,
      latencySec: state.edgeLatencySec,
      targetSec: state.targetLatencySec ?? 0,
      bufferedAheadSec: facts.bufferedAheadSec,
    };
    const stuck = stuckFault({ ...facts, arrivingMs, silentMs: state.silentMs });
    if (stuck !== null) this.edge.reset();
    return {
      seekToSec: this.follower.jumpTarget(state, facts.positionSec, facts.playing, nowMs),
      rate: this.pace.rate(input, arrivingMs, facts.playbackRate, nowMs),
      stuck,
    };
  }
}
