export interface EndFacts {
  /** Whether what is open still counts as live. */
  readonly live: boolean;
  /** A playlist was read. */
  readonly known: boolean;
  readonly positionSec: number;
  readonly windowEndSec: number;
  readonly seeking: boolean;
  readonly ended: boolean;
  readonly motionlessMs: number;
  readonly bufferedAheadSec: number;
}

/** Sound and picture seldom end together, and a browser may wait for the rest of one of them for ever. */
const nearEndSec = 1;
const silentEndMs = 2_500;
const atVeryEndSec = 0.1;
const veryEndMs = 600;
/** How long the end of a broadcast may take to show in the playlist before the recording is opened instead. */
const endOfListWaitMs = 4_000;
/** With less than this to play the viewer has seen what there was. */
const playedOutSec = 0.7;

/** Finds the end: of what plays, and of the broadcast. */
export class EndWatch {
  private overSinceMs: number | null = null;
  private reachedEnd = false;

  /** The last moment is on screen. */
  get reached(): boolean {
    return this.reachedEnd;
  }

  /** The api said that the broadcast is over. */
  get broadcastOver(): boolean {
    return this.overSinceMs !== null;
  }

  broadcastEnded(nowMs: number): void {
    this.overSinceMs ??= nowMs;
  }

  /** Something is opened or chosen: it has not been played to its end. */
  restart(): void {
    this.reachedEnd = false;
  }

  /** True when the recording should be opened in place of a live playlist that never said that it ended. */
  tick(facts: EndFacts, nowMs: number): boolean {
    this.reachedEnd = this.isAtEnd(facts);
    if (this.overSinceMs === null || !facts.live) return false;
    const waited = nowMs - this.overSinceMs >= endOfListWaitMs;
    if (!waited || facts.bufferedAheadSec > playedOutSec) return false;
    this.overSinceMs = nowMs;
    return true;
  }

  private isAtEnd(facts: EndFacts): boolean {
    if (facts.ended) return true;
    const leftSec = facts.windowEndSec - facts.positionSec;
    if (facts.live || !facts.known || facts.seeking || leftSec > nearEndSec) return false;
    return facts.motionlessMs > (leftSec < atVeryEndSec ? veryEndMs : silentEndMs);
  }
}
