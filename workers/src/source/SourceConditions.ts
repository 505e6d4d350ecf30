import type { AacConfig } from './aacConfig.ts';
import type { Warning } from './conditioned.ts';
import type { StreamMetadata } from './flv/metadata.ts';
import type { VideoFrame } from './frames.ts';
import { pictureIgnored } from './pictureIgnored.ts';
import type { AudioInfo, SourceInfo, VideoInfo } from './sourceInfo.ts';
import { FrameWatch } from './FrameWatch.ts';
import { nameFrameRate, VideoCadence } from './VideoCadence.ts';
import type { VideoConfig } from './videoConfig.ts';

/** Profiles that phones, browsers and televisions decode: baseline, main, high. */
const playableProfiles = new Set([66, 77, 100]);
/** A copied rendition cuts its segments at the source's key frames, which therefore come at least this often. */
export const longestCopyIntervalSec = 2.4;

/** Everything known about a source at the moment, and what its publisher should be told of it. */
export class SourceConditions {
  readonly frames = new FrameWatch();
  private readonly cadence = new VideoCadence();
  private metadata: StreamMetadata | null = null;
  private config: VideoConfig | null = null;
  private aac: AacConfig | null = null;
  private readonly ignored = new Map<string, Warning>();
  private unusable: { video: boolean; audio: boolean } = { video: false, audio: false };
  private cadenceBroken = false;
  private leg: { video: 'source' | 'slate' | 'none'; silence: () => boolean } | null = null;

  announced(metadata: StreamMetadata): void {
    this.metadata = metadata;
  }

  videoConfigured(config: VideoConfig): void {
    this.config = config;
    this.unusable.video = false;
    this.frames.configured();
  }

  audioConfigured(aac: AacConfig): void {
    this.aac = aac;
    this.unusable.audio = false;
  }

  unsupportedVideo(codec: string): void {
    this.unusable.video = this.config === null;
    const message = `The video is ${codec}; only H.264, HEVC, AV1 and VP9 can be taken. Choose H.264 (AVC) in the encoder.`;
    this.ignored.set('video', { code: 'unsupportedVideoCodec', owner: 'source', message });
  }

  unsupportedAudio(codec: string): void {
    this.unusable.audio = this.aac === null;
    const message = `The audio is ${codec}; only AAC can be taken, so there is silence instead.`;
    this.ignored.set('audio', { code: 'unsupportedAudioCodec', owner: 'source', message });
  }

  extraTrack(kind: 'audio' | 'video', codec: string): void {
    const message = `A further ${kind} track (${codec}) is ignored.`;
    this.ignored.set(`extra ${kind}`, { code: 'extraTrackIgnored', owner: 'source', message });
  }

  /** The session is one of sound alone. */
  pictureIgnored(): void {
    this.ignored.set('video', pictureIgnored);
  }

  /** The session was begun without pictures, so a video track that comes later has no rendition to go to. */
  videoHasNoRendition(): void {
    const message = 'The session began without video; the video track that came later is ignored.';
    this.ignored.set('extra video', { code: 'extraTrackIgnored', owner: 'source', message });
  }

  picture(frame: VideoFrame, arrivalMs: number): void {
    this.cadence.add({ ...frame, key: frame.idr });
    this.frames.add(frame.timeMs, arrivalMs, this.saidRates);
  }

  /** Copying was tried and the frames came too irregularly. */
  cadenceLost(): void {
    this.cadenceBroken = true;
  }

  /** A hole that was tolerated says nothing of the cadence around it. */
  forgetGaps(longerThanMs: number): void {
    this.cadence.forgetGaps(longerThanMs);
  }

  legBegan(video: 'source' | 'slate' | 'none', silence: () => boolean): void {
    this.leg = { video, silence };
    if (video === 'slate') this.cadence.interrupt();
  }

  get videoUnusable(): boolean {
    return this.unusable.video;
  }

  get audioUnusable(): boolean {
    return this.unusable.audio;
  }

  get measuredFrames(): number {
    return this.cadence.measuredFrames;
  }

  /** Frames keep their distance, but for a few. */
  keepsCadence(frameRate: number): boolean {
    return this.cadence.measuredFrames < 60 || this.cadence.isConstant(frameRate, false);
  }

  /** What a leg that begins now is made of. */
  sourceInfo(tracks: { video: boolean; audio: boolean }): SourceInfo {
    return {
      video: tracks.video && this.config !== null ? this.videoInfo(this.config) : null,
      audio: tracks.audio ? this.audioInfo : null,
      announcedVideoBps: this.metadata?.videoBps ?? 0,
      announcedAudioBps: this.metadata?.audioBps ?? 0,
    };
  }

  private get saidRates(): readonly (number | null)[] {
    return [this.config?.sps.frameRate ?? null, this.metadata?.frameRate ?? null];
  }

  private videoInfo({ codec, sps }: VideoConfig): VideoInfo {
    const frameRate = nameFrameRate(this.cadence.measuredRate, this.saidRates);
    return {
      codec,
      width: sps.width,
      height: sps.height,
      pixelAspect: sps.pixelAspect,
      profile: sps.profile,
      level: sps.level,
      widelyPlayable:
        codec === 'h264' &&
        playableProfiles.has(sps.profile) &&
        sps.bitDepth === 8 &&
        sps.chromaFormat === 1 &&
        !sps.mayBeInterlaced,
      interlaced: sps.mayBeInterlaced,
      frameRate,
      constantFrameRate: !this.cadenceBroken && this.cadence.isConstant(frameRate, true),
      keyFrameIntervalSec: this.cadence.keyFrameIntervalSec,
      hasBFrames: this.cadence.hasBFrames || (sps.reorderFrames ?? 0) > 0,
    };
  }

  private get audioInfo(): AudioInfo | null {
    if (this.aac === null) return null;
    return { codec: 'aac', sampleRateHz: this.aac.sampleRateHz, channels: this.aac.channels };
  }

  /** What is measured of the running pictures; null while there are none. */
  get runningVideo(): (VideoInfo & { measuredRate: number | null }) | null {
    if (this.config === null || this.leg?.video !== 'source') return null;
    return { ...this.videoInfo(this.config), measuredRate: this.cadence.measuredRate };
  }

  get runningAudio(): AudioInfo | null {
    return this.leg === null || this.leg.silence() ? null : this.audioInfo;
  }

  /** Warnings that hold now. */
  get standing(): Warning[] {
    const warnings = [...this.ignored.values()];
    if (this.leg === null) return warnings;
    const add = (code: Warning['code'], message: string): void =>
      void warnings.push({ code, owner: 'source', message });
    if (this.leg.silence()) add('noAudio', 'No sound comes in; viewers get silence.');
    if (this.leg.video === 'slate') add('noVideo', 'No picture comes in; viewers get a black one.');
    const video = this.runningVideo;
    if (video === null) return warnings;
    if (video.codec !== 'h264') {
      const name = video.codec.toUpperCase();
      add(
        'videoEncodedAnew',
        `The video is ${name}: it is encoded anew as H.264 for all viewers, which costs quality. Choose H.264 (AVC) in the encoder.`,
      );
      return warnings;
    }
    const interval = video.keyFrameIntervalSec;
    if (!video.constantFrameRate) {
      add(
        'variableFrameRate',
        'The frames come irregularly, so the source is encoded anew. Set a constant frame rate.',
      );
    }
    if (interval !== null && interval > longestCopyIntervalSec) {
      const advice = 'set a key-frame interval of 2 s';
      add(
        'keyFrameIntervalTooLong',
        `Key frames are ${interval.toFixed(1)} s apart, so the source is encoded anew; ${advice}.`,
      );
    }
    if (video.hasBFrames)
      add('bFrames', 'The video has B-frames: fine here, but it has to be encoded anew for WebRTC.');
    return warnings;
  }
}
