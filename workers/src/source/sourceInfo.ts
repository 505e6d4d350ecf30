/** What is known of a source's picture, from its parameter sets, its announcement and its measured cadence. */
export interface VideoInfo {
  /** `h264`, or what can only be encoded anew: `hevc`, `av1`, `vp9`. */
  readonly codec: string;
  /** Pixels after cropping. */
  readonly width: number;
  readonly height: number;
  /** Width of one pixel against its height; 1 for square ones. */
  readonly pixelAspect: number;
  /** profile_idc of the codec, and ten times the level's name: H.264 high at level 3.1 is 100 and 31. */
  readonly profile: number;
  readonly level: number;
  /** 8 bit 4:2:0 progressive: what every player can decode. */
  readonly widelyPlayable: boolean;
  readonly interlaced: boolean;
  /** Frames per second: measured, or as said by the parameter sets when that agrees. */
  readonly frameRate: number;
  /** Every frame comes one frame time after the one before. */
  readonly constantFrameRate: boolean;
  /** Longest distance of key frames seen; null until a second one was seen. */
  readonly keyFrameIntervalSec: number | null;
  readonly hasBFrames: boolean;
}

export interface AudioInfo {
  /** `aac`, or what the publisher sent that is not taken: `mp3`, `opus`, …. */
  readonly codec: string;
  readonly sampleRateHz: number;
  readonly channels: number;
}

/** The conditioned input of a leg. A track that is not there, or can't be taken, is null. */
export interface SourceInfo {
  readonly video: VideoInfo | null;
  readonly audio: AudioInfo | null;
  /** Bit rates as announced by the publisher (onMetaData), 0 when unknown. */
  readonly announcedVideoBps: number;
  readonly announcedAudioBps: number;
}
