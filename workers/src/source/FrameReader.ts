import { parseAacConfig, type AacConfig } from './aacConfig.ts';
import type { FlvTag } from './flv/FlvParser.ts';
import {
  readAudioContent,
  readVideoContent,
  type AudioContent,
  type VideoContent,
} from './flv/tagContent.ts';
import { sameBytes, type SoundFrame, type VideoFrame } from './frames.ts';
import { TimestampRebaser, type Track } from './TimestampRebaser.ts';
import { configWithin, isEntry, isTaken, parseVideoConfig, type VideoConfig } from './videoConfig.ts';

/** What a `FrameReader` finds, in the order of the tags. */
export interface FrameListener {
  videoConfigured(config: VideoConfig): void;
  audioConfigured(config: AacConfig): void;
  picture(frame: VideoFrame, arrivalMs: number): void;
  sound(frame: SoundFrame, arrivalMs: number): void;
  /** `codec` may say more than a name. */
  unsupported(kind: Track, codec: string): void;
  extraTrack(kind: Track, codec: string): void;
  /** Before the frame at which the publisher's clock jumped. */
  clockJumped(kind: Track): void;
}

/** Reads access units and their configurations out of a publisher's FLV tags, on one continuous clock. */
export class FrameReader {
  private readonly listener: FrameListener;
  private readonly rebaser = new TimestampRebaser();
  private video: VideoConfig | null = null;
  private aac: AacConfig | null = null;

  constructor(listener: FrameListener) {
    this.listener = listener;
  }

  /** The configuration in force; null until there was one. */
  get audioConfig(): AacConfig | null {
    return this.aac;
  }

  /** `arrivalMs`: Unix milliseconds at which the tag came, never going back. */
  push(tag: FlvTag, arrivalMs: number): void {
    if (tag.type === 'video') this.videoTag(tag, arrivalMs);
    else if (tag.type === 'audio') this.audioTag(tag, arrivalMs);
  }

  private videoTag(tag: FlvTag, arrivalMs: number): void {
    const content = readVideoContent(tag.body);
    if (content === null || content.kind === 'other') {
      if (content?.extraTrack === true) this.listener.extraTrack('video', content.codec);
      return;
    }
    const { codec, kind, data } = content;
    if (!isTaken(codec)) this.listener.unsupported('video', codec);
    else if (kind === 'config') this.configureVideo(codec, data);
    else this.frame(content, codec, tag.timestampMs, arrivalMs);
  }

  private configureVideo(codec: VideoConfig['codec'], record: Uint8Array): void {
    // ffmpeg with libaom sends an empty one first, and the true one with the first picture.
    if (record.length === 0) return;
    if (this.video?.codec === codec && sameBytes(this.video.record, record)) return;
    try {
      const config = parseVideoConfig(codec, record);
      if (config !== null) this.adopt(config);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      this.listener.unsupported('video', `${codec} with a broken configuration`);
    }
  }

  private adopt(config: VideoConfig): void {
    this.video = config;
    this.listener.videoConfigured(config);
  }

  /** A frame without a configuration can't be decoded. */
  private frame(
    content: VideoContent,
    codec: VideoConfig['codec'],
    timestampMs: number,
    arrivalMs: number,
  ): void {
    const current = this.video?.codec === codec ? this.video : null;
    const changed = content.key ? configWithin(content.data, codec, current) : null;
    if (changed !== null) this.adopt(changed);
    const config = changed ?? current;
    if (config !== null) this.picture(content, config, timestampMs, arrivalMs);
  }

  private picture(content: VideoContent, config: VideoConfig, timestampMs: number, arrivalMs: number): void {
    const timeMs = this.clock('video', timestampMs, arrivalMs);
    const idr = isEntry(content, config);
    const { key, compositionMs, data } = content;
    this.listener.picture({ timeMs, compositionMs, key, idr, data, config }, arrivalMs);
  }

  private audioTag(tag: FlvTag, arrivalMs: number): void {
    const content = readAudioContent(tag.body);
    if (content === null || content.kind === 'other') {
      if (content?.extraTrack === true) this.listener.extraTrack('audio', content.codec);
      return;
    }
    if (content.codec !== 'aac') this.listener.unsupported('audio', content.codec);
    else if (content.kind === 'config') this.configureAudio(content.data);
    else if (this.aac !== null) this.soundFrame(content, this.aac, tag.timestampMs, arrivalMs);
  }

  private configureAudio(record: Uint8Array): void {
    if (this.aac !== null && sameBytes(this.aac.record, record)) return;
    try {
      this.aac = parseAacConfig(record);
      this.listener.audioConfigured(this.aac);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      this.listener.unsupported('audio', 'aac with a broken configuration');
    }
  }

  private soundFrame(content: AudioContent, config: AacConfig, timestampMs: number, arrivalMs: number): void {
    // Some encoders send empty frames while they are muted.
    if (content.data.length === 0) return;
    const timeMs = this.clock('audio', timestampMs, arrivalMs);
    this.listener.sound({ timeMs, data: content.data, config }, arrivalMs);
  }

  private clock(track: Track, timestampMs: number, arrivalMs: number): number {
    const { timeMs, jumped } = this.rebaser.rebase(track, timestampMs, arrivalMs);
    if (jumped) this.listener.clockJumped(track);
    return timeMs;
  }
}
