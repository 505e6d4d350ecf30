import type { FlvTag } from '../../source/flv/FlvParser.ts';

/** What Enhanced RTMP names codecs by; we pass on whatever of it the target takes. */
export const offeredFourCcs = [
  'avc1',
  'hvc1',
  'av01',
  'vp09',
  'vp08',
  'mp4a',
  'Opus',
  'ac-3',
  'ec-3',
  'fLaC',
];

/**
 * `plain`: every RTMP server takes it. `enhanced`: those that say so. `left`: it isn't passed on (further tracks, commands to
 * players). `unsupported`: nobody who restreams takes it.
 */
export type TagForm =
  { readonly type: 'plain' | 'left' } | { readonly type: 'enhanced' | 'unsupported'; readonly codec: string };

const isEnhancedVideo = 0x80;
const commandFrame = 5;
const avc = 7;
const [aac, mp3, enhancedAudio] = [10, 2, 9];
/** Packet types of Enhanced RTMP v2. */
const videoMultitrack = 6;
const audioMultitrack = 5;
const modEx = 7;

/** In which form a tag carries its codec (FLV Annex E.4; Enhanced RTMP v2). */
export function formOf({ type, body }: FlvTag): TagForm {
  const first = body[0];
  if (type === 'script') return { type: 'plain' };
  if (first === undefined) return { type: 'left' };
  return type === 'video' ? videoForm(first, body) : audioForm(first, body);
}

function videoForm(first: number, body: Uint8Array): TagForm {
  if ((first & isEnhancedVideo) !== 0) return enhancedForm(first & 15, videoMultitrack, body);
  if (first >> 4 === commandFrame) return { type: 'left' };
  return (first & 15) === avc ? { type: 'plain' } : { type: 'unsupported', codec: `video ${first & 15}` };
}

function audioForm(first: number, body: Uint8Array): TagForm {
  const format = first >> 4;
  if (format === enhancedAudio) return enhancedForm(first & 15, audioMultitrack, body);
  return format === aac || format === mp3
    ? { type: 'plain' }
    : { type: 'unsupported', codec: `audio ${format}` };
}

/** Behind a ModEx the name stands elsewhere; those are finer times of frames, which their targets can do without. */
function enhancedForm(packetType: number, multitrack: number, body: Uint8Array): TagForm {
  if (packetType === multitrack || packetType === modEx || body.length < 5) return { type: 'left' };
  return { type: 'enhanced', codec: Buffer.from(body.subarray(1, 5)).toString('latin1') };
}

/** Whether the tag begins or continues the media, rather than saying how it is to be decoded. */
export function isFrame({ type, body }: FlvTag): boolean {
  const first = body[0] ?? 0;
  if (type === 'script') return false;
  if (type === 'audio' && first >> 4 === aac) return body[1] !== 0;
  if (type === 'video' && (first & isEnhancedVideo) === 0) return body[1] !== 0;
  return (first & 15) !== 0;
}
