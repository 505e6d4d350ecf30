import type { MediaEvent, Rendition } from '../../live/events.ts';

export interface SyntheticOptions {
  readonly renditions?: readonly Rendition[];
  /** Seconds; default 0.25. */
  readonly partSec?: number;
  /** Default 8, which makes segments of two seconds. */
  readonly partsPerSegment?: number;
  /** Bytes of a part; default 2,000 for video and 400 for audio. */
  readonly partBytes?: (rendition: Rendition) => number;
  readonly fence?: number;
  /** Default 0, with which older playbacks begin. */
  readonly firstMsn?: number;
  /** Wall clock of the first sample. */
  readonly startMs?: number;
}

export const syntheticRenditions: readonly Rendition[] = [
  {
    kind: 'video',
    id: '720p',
    width: 1280,
    height: 720,
    frameRate: 30,
    copied: false,
    bitrateBps: 2_500_000,
  },
  { kind: 'video', id: '360p', width: 640, height: 360, frameRate: 30, copied: false, bitrateBps: 700_000 },
  { kind: 'audio', id: 'audio', bitrateBps: 128_000 },
];

/** Media time of the first sample of a session. */
const FIRST_SEC = 10;

/**
 * Emits the events of a playback in the packager's order, with bytes that are recognisable and never repeat:
 * for tests of whatever consumes events, and for load. Each `part()` is one part of every rendition.
 */
export class SyntheticFeed {
  readonly renditions: readonly Rendition[];
  readonly partSec: number;
  readonly partsPerSegment: number;
  readonly #emit: (event: MediaEvent) => void;
  readonly #partBytes: (rendition: Rendition) => number;
  readonly #startMs: number;
  readonly #fence: number;
  #msn: number;
  #part = 0;
  #leg = 0;
  #firstOfLeg = true;
  #mediaSec = FIRST_SEC;
  /** Wall clock minus media time within the leg. */
  #offsetMs: number;
  #byteLengths = new Map<string, number>();
  /** Renditions for which nothing is emitted at present. */
  readonly silent = new Set<string>();

  constructor(emit: (event: MediaEvent) => void, options: SyntheticOptions = {}) {
    this.#emit = emit;
    this.renditions = options.renditions ?? syntheticRenditions;
    this.partSec = options.partSec ?? 0.25;
    this.partsPerSegment = options.partsPerSegment ?? 8;
    this.#partBytes = options.partBytes ?? ((rendition) => (rendition.kind === 'video' ? 2000 : 400));
    this.#fence = options.fence ?? 1;
    this.#msn = options.firstMsn ?? 0;
    this.#startMs = options.startMs ?? 1_700_000_000_000;
    this.#offsetMs = this.#startMs - FIRST_SEC * 1000;
  }

  /** Number of the segment that the next part belongs to. */
  get msn(): number {
    return this.#msn;
  }

  /** Index of the next part in its segment. */
  get nextPart(): number {
    return this.#part;
  }

  start(): this {
    const segmentSec = this.partSec * this.partsPerSegment;
    this.#emit({
      type: 'playback.started',
      renditions: this.renditions,
      targetDurationSec: Math.max(1, Math.round(segmentSec)),
      partTargetSec: this.partSec,
    });
    this.#startLeg();
    return this;
  }

  /** Parts of every rendition; ends the segment with its last part. */
  parts(count: number): this {
    for (let index = 0; index < count; index += 1) this.#writePart();
    return this;
  }

  segments(count: number): this {
    return this.parts(count * this.partsPerSegment - this.#part);
  }

  /** Ends the segment early, as a lost source does. */
  endLeg(): this {
    if (this.#part > 0) this.#endSegment();
    this.#emit({ type: 'leg.ended', leg: this.#leg });
    return this;
  }

  /** A new stretch of source after `silenceMs` without one; media time goes on, the wall clock jumped. */
  reconnect(silenceMs: number): this {
    this.endLeg();
    this.#leg += 1;
    this.#offsetMs += silenceMs;
    this.#startLeg();
    return this;
  }

  end(): this {
    if (this.#part > 0) this.#endSegment();
    this.#emit({ type: 'playback.ended' });
    return this;
  }

  #startLeg(): void {
    this.#firstOfLeg = true;
    const programDateTimeMs = this.#mediaSec * 1000 + this.#offsetMs;
    this.#emit({ type: 'leg.started', leg: this.#leg, mediaTimeSec: this.#mediaSec, programDateTimeMs });
    for (const rendition of this.renditions) {
      const common = {
        type: 'init.written' as const,
        rendition: rendition.id,
        init: this.#leg,
        leg: this.#leg,
        fence: this.#fence,
        bytes: Buffer.from(`init ${rendition.id} ${this.#leg}`),
      };
      if (rendition.kind === 'audio') this.#emit({ ...common, codecs: 'mp4a.40.2' });
      else this.#emit({ ...common, codecs: 'avc1.64001f', width: rendition.width, height: rendition.height });
    }
  }

  get #audible(): Rendition[] {
    return this.renditions.filter((rendition) => !this.silent.has(rendition.id));
  }

  #startSegment(): void {
    for (const rendition of this.#audible)
      this.#emit({
        type: 'segment.started',
        rendition: rendition.id,
        msn: this.#msn,
        leg: this.#leg,
        init: this.#leg,
        fence: this.#fence,
        mediaTimeSec: this.#mediaSec,
        programDateTimeMs: this.#mediaSec * 1000 + this.#offsetMs,
        discontinuity: this.#firstOfLeg && this.#leg > 0,
      });
    this.#byteLengths = new Map();
    this.#firstOfLeg = false;
  }

  #writePart(): void {
    if (this.#part === 0) this.#startSegment();
    for (const rendition of this.#audible) this.#emitPart(rendition);
    this.#mediaSec += this.partSec;
    this.#part += 1;
    if (this.#part === this.partsPerSegment) this.#endSegment();
  }

  #emitPart(rendition: Rendition): void {
    const label = `${rendition.id} ${this.#msn}.${this.#part} `;
    const bytes = Buffer.alloc(this.#partBytes(rendition), label);
    const hasKeyFrame = rendition.kind === 'video' && this.#part === 0;
    this.#byteLengths.set(rendition.id, (this.#byteLengths.get(rendition.id) ?? 0) + bytes.length);
    this.#emit({
      type: 'part.written',
      rendition: rendition.id,
      msn: this.#msn,
      part: this.#part,
      durationSec: this.partSec,
      independent: rendition.kind === 'audio' || hasKeyFrame,
      keyFrames: hasKeyFrame ? [{ offset: 0, length: bytes.length, mediaTimeSec: this.#mediaSec }] : [],
      bytes,
    });
  }

  #endSegment(): void {
    for (const rendition of this.#audible)
      this.#emit({
        type: 'segment.ended',
        rendition: rendition.id,
        msn: this.#msn,
        durationSec: this.#part * this.partSec,
        byteLength: this.#byteLengths.get(rendition.id) ?? 0,
      });
    this.#msn += 1;
    this.#part = 0;
  }
}
