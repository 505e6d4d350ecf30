import { parseAacConfig, type AacConfig } from './aacConfig.ts';
import { changedInBand, holdsIdr, parseAvcConfig, type AvcConfig } from './avcConfig.ts';
import type { FlvTag } from './flv/FlvParser.ts';
import {
  readAudioContent,
  readVideoContent,
  type AudioContent,
  type VideoContent,
} from './flv/tagContent.ts';
import { sameBytes, type SoundFrame, type VideoFrame } from './frames.ts';
import { TimestampRebaser, type Track } from './TimestampRebaser.ts';

/** What a `FrameReader` finds, in the order of the tags. */
export interface FrameListener {
  videoConfigured(config: AvcConfig): void;
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
  private avc: AvcConfig | null = null;
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
    if (tag.type === 'video') this.video(tag, arrivalMs);
    else if (tag.type === 'audio') this.audio(tag, arrivalMs);
  }

  private video(tag: FlvTag, arrivalMs: number): void {
    const content = readVideoContent(tag.body);
    if (content === null || content.kind === 'other') {
      if (content?.extraTrack === true) this.listener.extraTrack('video', content.codec);
      return;
    }
    if (content.codec !== 'h264') this.listener.unsupported('video', content.codec);
    else if (content.kind === 'config') this.configureVideo(content.data);
    else if (this.avc !== null)
      this.picture(content, this.inForce(content, this.avc), tag.timestampMs, arrivalMs);
  }

  private configureVideo(record: Uint8Array): void {
    if (this.avc !== null && sameBytes(this.avc.record, record)) return;
    try {
      this.avc = parseAvcConfig(record);
      this.listener.videoConfigured(this.avc);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      this.listener.unsupported('video', 'h264 with a broken configuration');
    }
  }

  private inForce(content: VideoContent, config: AvcConfig): AvcConfig {
    const changed = content.key ? changedInBand(content.data, config) : null;
    if (changed === null) return config;
    this.avc = changed;
    this.listener.videoConfigured(changed);
    return changed;
  }

  private picture(content: VideoContent, config: AvcConfig, timestampMs: number, arrivalMs: number): void {
    const timeMs = this.clock('video', timestampMs, arrivalMs);
    const idr = content.key && holdsIdr(content.data, config.lengthSize);
    const { key, compositionMs, data } = content;
    this.listener.picture({ timeMs, compositionMs, key, idr, data, config }, arrivalMs);
  }

  private audio(tag: FlvTag, arrivalMs: number): void {
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
