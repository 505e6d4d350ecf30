import type { AacConfig } from '../aacConfig.ts';
import type { VideoFrame } from '../frames.ts';
import type { VideoConfig } from '../videoConfig.ts';
import { flvInput } from './flvInput.ts';
import { matroskaInput } from './matroskaInput.ts';

/** The tracks that frames follow for. */
export interface InputTracks {
  readonly video: VideoConfig | null;
  readonly audio: AacConfig | null;
  /** Announced frames per second of the picture; null: nothing is announced. */
  readonly frameRate: number | null;
}

export type CodedPicture = Pick<VideoFrame, 'key' | 'compositionMs' | 'data'>;

/** The form in which frames are handed to an ffmpeg. Times are whole milliseconds from 0 on. */
export interface EncoderInput {
  /** ffmpeg's name of it. */
  readonly format: 'flv' | 'matroska';
  header(tracks: InputTracks): Uint8Array;
  /** `timeMs`: decode time. */
  picture(timeMs: number, picture: CodedPicture): Uint8Array;
  sound(timeMs: number, data: Uint8Array): Uint8Array;
}

/**
 * H.264 goes as FLV, which keeps decode times for those who copy. ffmpeg before 6.1 reads nothing else from FLV: what
 * is encoded anew anyway goes as Matroska (docs/adr/0023).
 */
export function inputFor(video: Pick<VideoConfig, 'codec'> | null): EncoderInput {
  return video === null || video.codec === 'h264' ? flvInput : matroskaInput;
}
