import type { MediaSource } from '@maydan/contracts';
import type { ProducerCodecOptions, RtpCodecCapability, RtpEncodingParameters } from 'mediasoup-client/types';

/** Video codecs that a broadcaster may ask for with `?codec=`. */
export const videoCodecs = ['vp8', 'h264', 'vp9', 'av1'] as const;
export type VideoCodec = (typeof videoCodecs)[number];

/** The codec of an address's query, VP8 without one: every browser sends it in several layers. */
export function videoCodecOf(search: string): VideoCodec {
  const asked = new URLSearchParams(search).get('codec')?.toLowerCase();
  return videoCodecs.find((codec) => codec === asked) ?? 'vp8';
}

/** Height of the camera's picture by an address's query (`?camera=1080`), 720 without one. */
export function cameraHeightOf(search: string): number {
  const asked = Number(new URLSearchParams(search).get('camera'));
  return Number.isInteger(asked) && asked >= 90 && asked <= 2160 ? asked : 720;
}

export interface EncodingPlan {
  /** Undefined: the room's first codec of this kind that the browser can send. */
  readonly codec: RtpCodecCapability | undefined;
  readonly encodings: RtpEncodingParameters[];
  readonly codecOptions: ProducerCodecOptions;
}

const simulcast: readonly RtpEncodingParameters[] = [
  { scaleResolutionDownBy: 4, maxBitrate: 150_000, scalabilityMode: 'L1T3' },
  { scaleResolutionDownBy: 2, maxBitrate: 500_000, scalabilityMode: 'L1T3' },
  { scaleResolutionDownBy: 1, maxBitrate: 1_700_000, scalabilityMode: 'L1T3' },
];

/**
 * Browsers send fewer layers of a small picture, and leave out the large ones, so that a quarter of it would be all that
 * arrives: 540 lines are needed for three layers, 270 for two.
 */
function layersFor(height: number): RtpEncodingParameters[] {
  if (height >= 540) return [...simulcast];
  return simulcast.slice(height >= 270 ? 1 : 2);
}

const singleStream: Readonly<Record<Exclude<VideoCodec, 'vp8'>, RtpEncodingParameters[]>> = {
  h264: [{ maxBitrate: 2_000_000 }],
  // Layers within one stream; the sfu drops the upper ones for whom they are too large.
  vp9: [{ maxBitrate: 1_700_000, scalabilityMode: 'L3T3_KEY' }],
  av1: [{ maxBitrate: 1_500_000, scalabilityMode: 'L3T3_KEY' }],
};
/** Text must stay sharp, so a screen has one layer, at fewer frames when there is less bandwidth. */
const screen: RtpEncodingParameters[] = [{ maxBitrate: 2_500_000, maxFramerate: 30 }];

const speech: ProducerCodecOptions = {
  opusStereo: false,
  opusFec: true,
  opusDtx: true,
  opusMaxAverageBitrate: 48_000,
};
/** Music and films: in stereo, and silence is part of it. */
const programme: ProducerCodecOptions = {
  opusStereo: true,
  opusFec: true,
  opusDtx: false,
  opusMaxAverageBitrate: 128_000,
};

/** How a source is sent, with one of the codecs that both the browser and the room know; `height` is the picture's. */
export function planEncoding(
  source: MediaSource,
  wanted: VideoCodec,
  known: readonly RtpCodecCapability[],
  height: number,
): EncodingPlan {
  if (source === 'microphone' || source === 'screenAudio') {
    return { codec: undefined, encodings: [], codecOptions: source === 'microphone' ? speech : programme };
  }
  const find = (name: VideoCodec): RtpCodecCapability | undefined =>
    known.find(({ mimeType }) => mimeType.toLowerCase() === `video/${name}`);
  const name = find(wanted) ? wanted : 'vp8';
  const layers = name === 'vp8' ? layersFor(height) : singleStream[name];
  const encodings = source === 'camera' ? layers : screen;
  // The browser begins at 300 kbit/s and takes seconds to dare more.
  const codecOptions = { videoGoogleStartBitrate: 1000 };
  return { codec: find(name), encodings: encodings.map((encoding) => ({ ...encoding })), codecOptions };
}
