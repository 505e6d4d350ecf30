import type { AacConfig } from './aacConfig.ts';
import { AudioFiller, type AudioFrame } from './AudioFiller.ts';
import type { VideoFrame } from './frames.ts';
import { inputFor, type EncoderInput } from './input/EncoderInput.ts';
import { slateConfig, slatePicture } from './slate.ts';
import type { VideoConfig } from './videoConfig.ts';

export interface LegSetup {
  /** Continuous time that is time 0 of the encoder's input. */
  readonly originMs: number;
  /** Continuous time at which the leg's output begins; after the origin when a decoder needs a run-up. */
  readonly startMs: number;
  readonly video: { readonly kind: 'source' | 'slate'; readonly config: VideoConfig } | null;
  readonly frameRate: number;
  readonly audio: AacConfig;
  readonly soundExpected: boolean;
}

const maxHeldSound = 400;

/**
 * Writes one leg for its encoder: both tracks complete from `startMs` on, times from 0 at `originMs`. Sound waits for the
 * picture of its time, so that a leg which ends for its picture ends as one. Pure.
 */
export class LegWriter {
  readonly setup: LegSetup;
  private readonly input: EncoderInput;
  private readonly filler: AudioFiller;
  private readonly held: AudioFrame[] = [];
  private lastVideoMs: number | null = null;
  private presentedUntilMs: number;

  constructor(setup: LegSetup) {
    this.setup = setup;
    this.input = inputFor(setup.video?.config ?? null);
    this.filler = new AudioFiller(setup.audio, setup.startMs, setup.soundExpected);
    this.presentedUntilMs = setup.startMs;
  }

  header(): Uint8Array {
    const { video, audio, frameRate } = this.setup;
    if (video === null) return this.input.header({ video, audio, frameRate: null });
    return this.input.header({ video: video.config, audio, frameRate });
  }

  /** What the encoder has to read it as. */
  get format(): EncoderInput['format'] {
    return this.input.format;
  }

  /** Decode time of the last picture written. */
  get lastPictureMs(): number | null {
    return this.lastVideoMs;
  }

  /** End of the last picture's presentation. */
  get picturesUntilMs(): number {
    return this.presentedUntilMs;
  }

  /** Where everything written so far ends. */
  get endMs(): number {
    return Math.max(this.presentedUntilMs, this.filler.soundUntilMs);
  }

  get silenceStandsIn(): boolean {
    return this.filler.isStandingIn;
  }

  picture(frame: VideoFrame): Uint8Array[] {
    const key = this.lastVideoMs === null || frame.key;
    this.lastVideoMs = frame.timeMs;
    const shownUntil = frame.timeMs + frame.compositionMs + 1000 / this.setup.frameRate;
    this.presentedUntilMs = Math.max(this.presentedUntilMs, shownUntil);
    const written = this.input.picture(this.inputTime(frame.timeMs), { ...frame, key });
    const silence = frame.timeMs < this.setup.startMs ? [] : this.filler.pictureAt(frame.timeMs);
    return [written, ...this.write(silence), ...this.release(frame.timeMs)];
  }

  /** Sound of the leg's own configuration. */
  sound(frame: AudioFrame): Uint8Array[] {
    if (frame.timeMs < this.setup.startMs - 1) return [];
    if (this.setup.video?.kind !== 'source') {
      const written = this.write(this.filler.sound(frame));
      return this.setup.video === null ? written : [...this.slateUntil(frame.timeMs), ...written];
    }
    this.held.push(frame);
    if (this.held.length > maxHeldSound) this.held.shift();
    return this.release(this.lastVideoMs ?? -Infinity);
  }

  /** What is held back, when the leg ends; what begins at `untilMs` is the next leg's. */
  finish(untilMs: number): Uint8Array[] {
    return this.release(untilMs - 1);
  }

  private release(untilMs: number): Uint8Array[] {
    const count = this.held.findIndex((frame) => frame.timeMs > untilMs);
    const released = this.held.splice(0, count < 0 ? this.held.length : count);
    return this.write(released.flatMap((frame) => this.filler.sound(frame)));
  }

  private slateUntil(timeMs: number): Uint8Array[] {
    const tags: Uint8Array[] = [];
    const stepMs = 1000 / this.setup.frameRate;
    for (;;) {
      const next = this.lastVideoMs === null ? this.setup.startMs : this.lastVideoMs + stepMs;
      if (next > timeMs) return tags;
      this.lastVideoMs = Math.max(next, timeMs - 10_000);
      this.presentedUntilMs = this.lastVideoMs + stepMs;
      const slate = { key: true, compositionMs: 0, data: slatePicture };
      tags.push(this.input.picture(this.inputTime(this.lastVideoMs), slate));
    }
  }

  private write(frames: readonly AudioFrame[]): Uint8Array[] {
    return frames.map((frame) => this.input.sound(this.inputTime(frame.timeMs), frame.data));
  }

  private inputTime(timeMs: number): number {
    return Math.max(0, timeMs - this.setup.originMs);
  }
}

/** The setup's track for a leg without a usable picture. */
export const slateTrack = { kind: 'slate', config: slateConfig } as const;
