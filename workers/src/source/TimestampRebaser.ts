export type Track = 'audio' | 'video';

interface TrackClock {
  /** Last timestamp, unwrapped to more than 32 bits. */
  lastIn: number;
  lastOut: number;
  offset: number;
  lastArrivalMs: number;
  /** Where the other track stood when this one's last tag came; null when it had not begun. */
  otherOut: number | null;
  /** Usual step between tags. */
  stepMs: number;
  /** Steps back, or of nothing, in a row. */
  stepsBack: number;
}

export interface RebasedTime {
  /** Milliseconds since about the first tag of the connection, strictly rising within a track. */
  readonly timeMs: number;
  /** The publisher's clock jumped or ran backwards here. */
  readonly jumped: boolean;
}

/** A track may step this much further than both the other track and the wall clock before it counts as a jump. */
const jumpMs = 300;
/** The same while the other track is not there to compare with: slide shows legitimately take long steps. */
const jumpAloneMs = 1000;
const backwardsMs = 50;
/** Two tracks further apart than this don't share a clock. */
const sameClockMs = 1000;
const sameClockAtStartMs = 3000;
const longestGapMs = 6000;
/** How much of the wall clock's time is forgotten of how early tags once came: more than any two clocks differ by. */
const forgetting = 0.02;

/**
 * Puts the timestamps of both tracks on one clock that never goes back: unwraps 32 bits, takes out jumps and
 * backward runs. A true gap (the other track or the wall clock went on meanwhile) stays a gap. When both tracks jump
 * together, the second one follows the first, so that sound and picture keep their distance.
 */
export class TimestampRebaser {
  private readonly clocks: Partial<Record<Track, TrackClock>> = {};
  /** How far ahead of the wall clock tags come when nothing holds them up, and when that was seen. */
  private lead = { ms: -Infinity, atMs: 0 };

  rebase(track: Track, timestampMs: number, arrivalMs: number): RebasedTime {
    const clock = this.clocks[track];
    if (clock === undefined) return this.begin(track, timestampMs, arrivalMs);
    const other = this.clocks[track === 'audio' ? 'video' : 'audio'];
    const input = unwrapped(timestampMs, clock.lastIn);
    const step = input - clock.lastIn;
    clock.stepsBack = step > 0 ? 0 : clock.stepsBack + 1;
    const expectedMs = clock.lastOut + Math.max(clock.stepMs, justifiedStep(clock, other, arrivalMs));
    const lagMs = this.leadAt(arrivalMs) + arrivalMs - clock.lastOut;
    const jumped = isJump(step, clock, other, arrivalMs, lagMs);
    const followsOther = other !== undefined && isNearer(input, other, clock, expectedMs);
    if (followsOther) clock.offset = other.offset;
    else if (jumped) clock.offset = offsetAfterJump(input, clock, arrivalMs);
    else if (step > 0 && step < 200) clock.stepMs += (step - clock.stepMs) / 8;
    const timeMs = Math.max(input + clock.offset, clock.lastOut + 1);
    Object.assign(clock, {
      lastIn: input,
      lastOut: timeMs,
      lastArrivalMs: arrivalMs,
      otherOut: other?.lastOut ?? null,
    });
    this.noteLead(timeMs, arrivalMs);
    return { timeMs, jumped: jumped || followsOther };
  }

  private begin(track: Track, timestampMs: number, arrivalMs: number): RebasedTime {
    const other = this.clocks[track === 'audio' ? 'video' : 'audio'];
    const input = other === undefined ? timestampMs : unwrapped(timestampMs, other.lastIn);
    let offset = other?.offset ?? -input;
    if (other !== undefined && Math.abs(input + offset - other.lastOut) > sameClockAtStartMs) {
      offset = other.lastOut - input;
    }
    const timeMs = input + offset;
    const stepMs = track === 'audio' ? 22 : 33;
    const state = { lastIn: input, lastOut: timeMs, offset, lastArrivalMs: arrivalMs, stepMs };
    this.clocks[track] = { ...state, otherOut: other?.lastOut ?? null, stepsBack: 0 };
    this.noteLead(timeMs, arrivalMs);
    return { timeMs, jumped: false };
  }

  private leadAt(arrivalMs: number): number {
    return this.lead.ms - forgetting * Math.max(0, arrivalMs - this.lead.atMs);
  }

  private noteLead(timeMs: number, arrivalMs: number): void {
    const ms = Math.max(timeMs - arrivalMs, this.leadAt(arrivalMs));
    this.lead = { ms, atMs: arrivalMs };
  }
}

/** The signed 32-bit difference is right over a wrap, and makes a far jump either forward or backward. */
function unwrapped(timestampMs: number, near: number): number {
  return near + ((timestampMs - (near % 2 ** 32)) | 0);
}

/** How far the other track or the wall clock went on since this track's last tag. */
function justifiedStep(clock: TrackClock, other: TrackClock | undefined, arrivalMs: number): number {
  const otherAdvance = other === undefined || clock.otherOut === null ? 0 : other.lastOut - clock.otherOut;
  return Math.min(longestGapMs, Math.max(0, arrivalMs - clock.lastArrivalMs, otherAdvance));
}

/** Who is `lagMs` late may catch up: the tags between were left out, and this one came in one burst with the others. */
function isJump(
  step: number,
  clock: TrackClock,
  other: TrackClock | undefined,
  arrivalMs: number,
  lagMs: number,
): boolean {
  // One small step back is jitter; a row of them is a clock that runs backwards.
  if (step < -backwardsMs || clock.stepsBack > 1) return true;
  const accompanied = other !== undefined && arrivalMs - other.lastArrivalMs < 1000;
  const justified = Math.max(justifiedStep(clock, other, arrivalMs), Math.min(longestGapMs, lagMs));
  return step - justified > (accompanied ? jumpMs : jumpAloneMs);
}

/** The other track's clock was corrected, and with that correction this tag is where it should be. */
function isNearer(input: number, other: TrackClock, clock: TrackClock, expectedMs: number): boolean {
  if (Math.abs(other.offset - clock.offset) <= 1) return false;
  const followed = input + other.offset;
  const near = Math.abs(followed - other.lastOut) < sameClockMs && followed > clock.lastOut - backwardsMs;
  // Still behind what was given out, though it goes on: the small step back before it was a jump, not jitter.
  const own = input + clock.offset;
  if (input > clock.lastIn && own <= clock.lastOut) return near && Math.abs(followed - expectedMs) < jumpMs;
  return near && Math.abs(followed - expectedMs) < Math.abs(own - expectedMs);
}

function offsetAfterJump(input: number, clock: TrackClock, arrivalMs: number): number {
  const passed = Math.min(longestGapMs, Math.max(clock.stepMs, arrivalMs - clock.lastArrivalMs));
  return clock.lastOut + passed - input;
}
