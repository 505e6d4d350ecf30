import type { EngineState } from './engine.ts';
import { shouldJumpToLive } from './latencyPolicy.ts';

const jumpMemoryMs = 120_000;
/** A viewer this near to the live point counts as being at it. */
const atLiveToleranceSec = 1.5;

/** Keeps a viewer who wants to be live at the live edge, and leaves the one who went back alone. */
export class LiveFollower {
  private wanted = true;
  private jumps: number[] = [];

  get following(): boolean {
    return this.wanted;
  }

  get jumpCount(): number {
    return this.jumps.length;
  }

  reset(following: boolean): void {
    this.wanted = following;
    this.jumps = [];
  }

  /** The viewer chose this position. */
  positionChosen(state: EngineState, sec: number): void {
    this.wanted = state.liveSyncSec !== null && sec >= state.liveSyncSec - atLiveToleranceSec;
  }

  /** After a pause the viewer goes on where they stopped; only a short one keeps them live. */
  resumedAt(state: EngineState, sec: number): void {
    if (state.liveSyncSec === null) return;
    this.wanted &&= state.liveSyncSec - sec < state.targetDurationSec + atLiveToleranceSec;
  }

  /** Position to jump to, or null to play on. */
  jumpTarget(state: EngineState, sec: number, playing: boolean, nowMs: number): number | null {
    if (state.liveSyncSec === null) return null;
    this.jumps = this.jumps.filter((at) => nowMs - at < jumpMemoryMs);
    const jump = shouldJumpToLive({
      following: this.wanted,
      playing,
      distanceSec: state.liveSyncSec - sec,
      targetDurationSec: state.targetDurationSec,
      sinceJumpMs: nowMs - (this.jumps.at(-1) ?? -Infinity),
      recentJumps: this.jumps.length,
    });
    if (!jump) return null;
    this.jumps.push(nowMs);
    return state.liveSyncSec;
  }
}
