import { silentAacConfig } from './aacConfig.ts';
import type { ConditionedEvent, LegRules } from './conditioned.ts';
import type { FlvTag } from './flv/FlvParser.ts';
import { parseMetadata, type StreamMetadata } from './flv/metadata.ts';
import { FrameReader } from './FrameReader.ts';
import type { SoundFrame, VideoFrame } from './frames.ts';
import { LegDirector } from './LegDirector.ts';
import { SourceConditions } from './SourceConditions.ts';
import type { SourceInfo } from './sourceInfo.ts';
import { SourceProbe } from './SourceProbe.ts';
import type { Track } from './TimestampRebaser.ts';
import { WallClock } from './WallClock.ts';

/**
 * Makes of a publisher's FLV tags what an encoder can rely on: legs of one configuration each, with one
 * continuous clock, a key frame first, and sound without holes. Pure: time comes in with the tags.
 */
export class FlvConditioner {
  private readonly frames: FrameReader;
  private readonly audioOnly: boolean;
  private readonly wall = new WallClock();
  private readonly conditions = new SourceConditions();
  private readonly legs: LegDirector;
  private probe: SourceProbe | null = new SourceProbe();
  private metadata: StreamMetadata | null = null;
  private events: ConditionedEvent[] = [];
  private failed = false;

  /**
   * `plan` decides what becomes of a leg's tracks; it is called once per leg, before the leg's first event. `audioOnly`: no
   * picture is taken.
   */
  constructor(plan: (source: SourceInfo) => LegRules, audioOnly = false) {
    this.audioOnly = audioOnly;
    const emit = (event: ConditionedEvent): void => void this.events.push(event);
    this.legs = new LegDirector({ plan, emit, wall: this.wall, conditions: this.conditions });
    const { conditions } = this;
    this.frames = new FrameReader({
      videoConfigured: (config) => conditions.videoConfigured(config),
      audioConfigured: (config) => conditions.audioConfigured(config),
      unsupported: (kind, codec) =>
        kind === 'video' ? conditions.unsupportedVideo(codec) : conditions.unsupportedAudio(codec),
      extraTrack: (kind, codec) => conditions.extraTrack(kind, codec),
      clockJumped: (kind) => this.clockJumped(kind),
      picture: (frame, arrivalMs) => this.picture(frame, arrivalMs),
      sound: (frame, arrivalMs) => this.sound(frame, arrivalMs),
    });
  }

  /** `arrivalMs`: Unix milliseconds at which the tag came, never going back. */
  push(tag: FlvTag, arrivalMs: number): ConditionedEvent[] {
    if (this.failed) return [];
    this.probe?.arrived(arrivalMs);
    if (tag.type === 'script') this.announced(parseMetadata(tag.body));
    else if (tag.type === 'video' && this.audioOnly) this.conditions.pictureIgnored();
    else this.frames.push(tag, arrivalMs);
    this.judgeProbe();
    return this.take();
  }

  /** The source is over: ends the running leg. */
  end(): ConditionedEvent[] {
    this.legs.end('sourceEnded');
    return this.take();
  }

  /** The leg's encoder is no use any more: ends the leg and begins another one as soon as one can begin. */
  restartLeg(reason: 'encoderFailed' | 'encoderTooSlow'): ConditionedEvent[] {
    this.legs.restart(reason);
    return this.take();
  }

  /** What holds at the moment, for the stream's health. */
  get health(): SourceConditions {
    return this.conditions;
  }

  /** Length of the running leg's output so far; 0 without one. */
  get runningMs(): number {
    return this.legs.runningMs;
  }

  private take(): ConditionedEvent[] {
    const events = this.events;
    this.events = [];
    return events;
  }

  private announced(told: StreamMetadata | null): void {
    if (told === null) return;
    const metadata = this.audioOnly ? { ...told, announcesVideo: false, videoBps: 0 } : told;
    this.metadata = metadata;
    this.conditions.announced(metadata);
  }

  private picture(frame: VideoFrame, arrivalMs: number): void {
    this.wall.add(frame.timeMs, arrivalMs);
    this.conditions.picture(frame, arrivalMs);
    if (this.probe === null) this.legs.picture(frame);
    else this.probe.video(frame);
  }

  private sound(frame: SoundFrame, arrivalMs: number): void {
    this.wall.add(frame.timeMs, arrivalMs);
    if (this.probe === null) this.legs.sound(frame);
    else this.probe.sound(frame);
  }

  private clockJumped(track: Track): void {
    const message = `The ${track} clock of the publisher jumped; the stream went on without a hole.`;
    this.events.push({ type: 'warning', warning: { code: 'clockJumped', owner: 'source', message } });
  }

  private judgeProbe(): void {
    const probe = this.probe;
    if (probe === null) return;
    const { videoUnusable, audioUnusable, measuredFrames: intervals } = this.conditions;
    // VP8 or H.263 with sound is not an audio session by somebody's wish: better to say so at once.
    if (videoUnusable && !probe.hasPicture) return this.fail('unsupportedCodec');
    const judgement = probe.judge({ metadata: this.metadata, intervals, videoUnusable, audioUnusable });
    if (judgement === 'hopeless') return this.fail(audioUnusable ? 'unsupportedCodec' : 'noMedia');
    if (judgement === 'wait') return;
    this.probe = null;
    this.legs.begin(probe.frames, this.frames.audioConfig ?? silentAacConfig);
  }

  private fail(reason: 'noMedia' | 'unsupportedCodec'): void {
    this.failed = true;
    this.events.push({ type: 'failed', reason });
  }
}
