import { parseAacConfig, silentAacConfig, type AacConfig } from './aacConfig.ts';
import { changedInBand, holdsIdr, parseAvcConfig, type AvcConfig } from './avcConfig.ts';
import type { ConditionedEvent, LegRules } from './conditioned.ts';
import type { FlvTag } from './flv/FlvParser.ts';
import { parseMetadata, type StreamMetadata } from './flv/metadata.ts';
import {
  readAudioContent,
  readVideoContent,
  type AudioContent,
  type VideoContent,
} from './flv/tagContent.ts';
import { sameBytes, type SoundFrame, type VideoFrame } from './frames.ts';
import { LegDirector } from './LegDirector.ts';
import { SourceConditions } from './SourceConditions.ts';
import type { SourceInfo } from './sourceInfo.ts';
import { SourceProbe } from './SourceProbe.ts';
import { TimestampRebaser } from './TimestampRebaser.ts';
import { WallClock } from './WallClock.ts';

/**
 * Makes of a publisher's FLV tags what an encoder can rely on: legs of one configuration each, with one
 * continuous clock, a key frame first, and sound without holes. Pure: time comes in with the tags.
 */
export class FlvConditioner {
  private readonly rebaser = new TimestampRebaser();
  private readonly wall = new WallClock();
  private readonly conditions = new SourceConditions();
  private readonly legs: LegDirector;
  private probe: SourceProbe | null = new SourceProbe();
  private metadata: StreamMetadata | null = null;
  private avc: AvcConfig | null = null;
  private aac: AacConfig | null = null;
  private events: ConditionedEvent[] = [];
  private failed = false;

  /** `plan` decides what becomes of a leg's tracks; it is called once per leg, before the leg's first event. */
  constructor(plan: (source: SourceInfo) => LegRules) {
    const emit = (event: ConditionedEvent): void => void this.events.push(event);
    this.legs = new LegDirector({ plan, emit, wall: this.wall, conditions: this.conditions });
  }

  /** `arrivalMs`: Unix milliseconds at which the tag came, never going back. */
  push(tag: FlvTag, arrivalMs: number): ConditionedEvent[] {
    if (this.failed) return [];
    this.probe?.arrived(arrivalMs);
    if (tag.type === 'script') this.announced(parseMetadata(tag.body));
    else if (tag.type === 'video') this.video(tag, arrivalMs);
    else this.audio(tag, arrivalMs);
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

  private announced(metadata: StreamMetadata | null): void {
    if (metadata === null) return;
    this.metadata = metadata;
    this.conditions.announced(metadata);
  }

  private video(tag: FlvTag, arrivalMs: number): void {
    const content = readVideoContent(tag.body);
    if (content === null || content.kind === 'other') {
      if (content?.extraTrack === true) this.conditions.extraTrack('video', content.codec);
      return;
    }
    if (content.codec !== 'h264') this.conditions.unsupportedVideo(content.codec);
    else if (content.kind === 'config') this.configureVideo(content.data);
    else if (this.avc !== null)
      this.picture(content, this.inForce(content, this.avc), tag.timestampMs, arrivalMs);
  }

  private configureVideo(record: Uint8Array): void {
    if (this.avc !== null && sameBytes(this.avc.record, record)) return;
    try {
      this.avc = parseAvcConfig(record);
      this.conditions.videoConfigured(this.avc.sps);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      this.conditions.unsupportedVideo('h264 with a broken configuration');
    }
  }

  private inForce(content: VideoContent, config: AvcConfig): AvcConfig {
    const changed = content.key ? changedInBand(content.data, config) : null;
    if (changed === null) return config;
    this.avc = changed;
    this.conditions.videoConfigured(changed.sps);
    return changed;
  }

  private picture(content: VideoContent, config: AvcConfig, timestampMs: number, arrivalMs: number): void {
    const time = this.clock('video', timestampMs, arrivalMs);
    const idr = content.key && holdsIdr(content.data, config.lengthSize);
    const { key, compositionMs, data } = content;
    const frame: VideoFrame = { timeMs: time, compositionMs, key, idr, data, config };
    this.conditions.picture(frame);
    if (this.probe === null) this.legs.picture(frame);
    else this.probe.video(frame);
  }

  private audio(tag: FlvTag, arrivalMs: number): void {
    const content = readAudioContent(tag.body);
    if (content === null || content.kind === 'other') {
      if (content?.extraTrack === true) this.conditions.extraTrack('audio', content.codec);
      return;
    }
    if (content.codec !== 'aac') this.conditions.unsupportedAudio(content.codec);
    else if (content.kind === 'config') this.configureAudio(content.data);
    else if (this.aac !== null) this.soundFrame(content, this.aac, tag.timestampMs, arrivalMs);
  }

  private configureAudio(record: Uint8Array): void {
    if (this.aac !== null && sameBytes(this.aac.record, record)) return;
    try {
      this.aac = parseAacConfig(record);
      this.conditions.audioConfigured(this.aac);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      this.conditions.unsupportedAudio('aac with a broken configuration');
    }
  }

  private soundFrame(content: AudioContent, config: AacConfig, timestampMs: number, arrivalMs: number): void {
    // Some encoders send empty frames while they are muted.
    if (content.data.length === 0) return;
    const frame: SoundFrame = {
      timeMs: this.clock('audio', timestampMs, arrivalMs),
      data: content.data,
      config,
    };
    if (this.probe === null) this.legs.sound(frame);
    else this.probe.sound(frame);
  }

  private clock(track: 'audio' | 'video', timestampMs: number, arrivalMs: number): number {
    const { timeMs, jumped } = this.rebaser.rebase(track, timestampMs, arrivalMs);
    this.wall.add(timeMs, arrivalMs);
    if (jumped) {
      const message = `The ${track} clock of the publisher jumped; the stream went on without a hole.`;
      this.events.push({ type: 'warning', warning: { code: 'clockJumped', owner: 'source', message } });
    }
    return timeMs;
  }

  private judgeProbe(): void {
    const probe = this.probe;
    if (probe === null) return;
    const { videoUnusable, audioUnusable, measuredFrames: intervals } = this.conditions;
    // HEVC or AV1 with sound is not an audio session by somebody's wish: better to say so at once.
    if (videoUnusable && !probe.hasPicture) return this.fail('unsupportedCodec');
    const judgement = probe.judge({ metadata: this.metadata, intervals, videoUnusable, audioUnusable });
    if (judgement === 'hopeless') return this.fail(audioUnusable ? 'unsupportedCodec' : 'noMedia');
    if (judgement === 'wait') return;
    this.probe = null;
    this.legs.begin(probe.frames, this.aac ?? silentAacConfig);
  }

  private fail(reason: 'noMedia' | 'unsupportedCodec'): void {
    this.failed = true;
    this.events.push({ type: 'failed', reason });
  }
}
