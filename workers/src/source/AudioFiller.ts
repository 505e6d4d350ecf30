import { silentAacFrame, type AacConfig } from './aacConfig.ts';

export interface AudioFrame {
  readonly timeMs: number;
  readonly data: Uint8Array;
}

/** Sound may lag this far behind the picture before silence takes its place. */
const patienceMs = 300;
const maxPatienceMs = 1500;
/** Longest stretch filled at once, so that a wild time can't make endless silence. */
const longestFillMs = 10_000;

/**
 * Keeps the sound of a leg without holes: silent frames stand in where the publisher sends none. Times given out
 * rise strictly.
 */
export class AudioFiller {
  private readonly frameMs: number;
  private readonly silence: Uint8Array | null;
  private endMs: number;
  private silentUntilMs = -Infinity;
  private standingIn: boolean;
  private waitMs = patienceMs;

  /** `expected`: the publisher sends sound, so short lags are waited for. */
  constructor(config: AacConfig, startMs: number, expected: boolean) {
    this.frameMs = config.frameDurationMs;
    this.silence = silentAacFrame(config.channelConfig);
    this.endMs = startMs;
    this.standingIn = !expected;
  }

  /** Up to where there is sound or silence. */
  get soundUntilMs(): number {
    return this.endMs;
  }

  /** Silence is standing in for a missing track. */
  get isStandingIn(): boolean {
    return this.standingIn;
  }

  /** The frame with what silence has to come before it; empty when silence already covers its time. */
  sound(frame: AudioFrame): AudioFrame[] {
    this.standingIn = false;
    const lateMs = this.silentUntilMs - frame.timeMs;
    if (lateMs > this.frameMs / 2) {
      // It came, only late: give it more time from now on.
      if (lateMs < maxPatienceMs) this.waitMs = Math.max(this.waitMs, Math.min(maxPatienceMs, lateMs + 200));
      return [];
    }
    const filled = frame.timeMs - this.endMs > this.frameMs * 1.5 ? this.silenceUntil(frame.timeMs) : [];
    this.endMs = Math.max(this.endMs, frame.timeMs + this.frameMs);
    return [...filled, frame];
  }

  /** The picture has come to `timeMs`: silence for what is missing, when it has been missing for too long. */
  pictureAt(timeMs: number): AudioFrame[] {
    if (!this.standingIn && timeMs - this.endMs <= this.waitMs) return [];
    const frames = this.silenceUntil(timeMs);
    this.standingIn = true;
    return frames;
  }

  private silenceUntil(timeMs: number): AudioFrame[] {
    const data = this.silence;
    if (data === null) return [];
    if (timeMs - this.endMs > longestFillMs) this.endMs = timeMs - longestFillMs;
    const frames: AudioFrame[] = [];
    while (this.endMs + this.frameMs <= timeMs) {
      frames.push({ timeMs: this.endMs, data });
      this.endMs += this.frameMs;
    }
    if (frames.length > 0) this.silentUntilMs = this.endMs;
    return frames;
  }
}
