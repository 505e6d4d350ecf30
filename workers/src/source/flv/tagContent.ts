/** What a video tag carries, legacy or enhanced RTMP (Veovera E-RTMP v1/v2). */
export interface VideoContent {
  readonly kind: 'config' | 'frame' | 'other';
  /** `h264`, `hevc`, `av1`, `vp9`, `vp8`, `h263`, … */
  readonly codec: string;
  /** The tag belongs to a second track of the same kind, or bundles tracks. */
  readonly extraTrack: boolean;
  readonly key: boolean;
  readonly compositionMs: number;
  readonly data: Uint8Array;
}

export interface AudioContent {
  readonly kind: 'config' | 'frame' | 'other';
  /** `aac`, `mp3`, `opus`, … */
  readonly codec: string;
  readonly extraTrack: boolean;
  readonly data: Uint8Array;
}

const legacyVideo: Readonly<Record<number, string>> = {
  2: 'h263',
  3: 'screen',
  4: 'vp6',
  5: 'vp6a',
  6: 'screen2',
  7: 'h264',
  12: 'hevc',
  13: 'av1',
};
const legacyAudio: Readonly<Record<number, string>> = {
  0: 'pcm',
  1: 'adpcm',
  2: 'mp3',
  3: 'pcm',
  4: 'nellymoser',
  5: 'nellymoser',
  6: 'nellymoser',
  7: 'g711a',
  8: 'g711u',
  10: 'aac',
  11: 'speex',
  13: 'opus',
  14: 'mp3',
};
const fourCcs: Readonly<Record<string, string>> = {
  avc1: 'h264',
  hvc1: 'hevc',
  hev1: 'hevc',
  av01: 'av1',
  vp09: 'vp9',
  vp08: 'vp8',
  mp4a: 'aac',
  Opus: 'opus',
  '.mp3': 'mp3',
  'ac-3': 'ac3',
  'ec-3': 'eac3',
  fLaC: 'flac',
};
/** Of these the second byte tells configuration from frames; HEVC and AV1 unofficially. */
const configuredCodecs: ReadonlySet<string> = new Set(['h264', 'hevc', 'av1']);
const empty = new Uint8Array(0);

/** Null when the body is too short to be anything. */
export function readVideoContent(body: Uint8Array): VideoContent | null {
  const first = body[0];
  if (first === undefined) return null;
  return (first & 0x80) === 0 ? readLegacyVideo(first, body) : readEnhancedVideo(first, body);
}

function readLegacyVideo(first: number, body: Uint8Array): VideoContent | null {
  const frameType = first >> 4;
  const codec = legacyVideo[first & 15] ?? `flv${first & 15}`;
  const base = { codec, extraTrack: false, key: frameType === 1, compositionMs: 0 };
  // Frame type 5 is a command to the player, not a picture.
  if (frameType === 5) return { ...base, kind: 'other', data: empty };
  if (!configuredCodecs.has(codec)) return { ...base, kind: 'frame', data: body.subarray(1) };
  if (body.length < 5) return null;
  const packetType = body[1];
  const kind = packetType === 0 ? 'config' : packetType === 1 ? 'frame' : 'other';
  return { ...base, kind, compositionMs: signed24(body, 2), data: body.subarray(5) };
}

/** Types of E-RTMP video packets. */
const codedFrames = 1;
const codedFramesWithoutComposition = 3;
const multitrack = 6;
const modifierExtension = 7;

function readEnhancedVideo(first: number, body: Uint8Array): VideoContent | null {
  if (body.length < 5) return null;
  const packetType = first & 15;
  const codec = codecOf(body, 1);
  const base = { codec, extraTrack: false, key: ((first >> 4) & 7) === 1, compositionMs: 0 };
  if (packetType === multitrack || packetType === modifierExtension) {
    return { ...base, kind: 'other', extraTrack: packetType === multitrack, data: empty };
  }
  if (packetType === 0) return { ...base, kind: 'config', data: body.subarray(5) };
  if (packetType === codedFramesWithoutComposition) return { ...base, kind: 'frame', data: body.subarray(5) };
  if (packetType !== codedFrames) return { ...base, kind: 'other', data: empty };
  if (codec !== 'h264' && codec !== 'hevc') return { ...base, kind: 'frame', data: body.subarray(5) };
  if (body.length < 8) return null;
  return { ...base, kind: 'frame', compositionMs: signed24(body, 5), data: body.subarray(8) };
}

/** Null when the body is too short to be anything. */
export function readAudioContent(body: Uint8Array): AudioContent | null {
  const first = body[0];
  if (first === undefined) return null;
  if (first >> 4 === 9) return readEnhancedAudio(first, body);
  const codec = legacyAudio[first >> 4] ?? `flv${first >> 4}`;
  if (codec !== 'aac') return { kind: 'frame', codec, extraTrack: false, data: body.subarray(1) };
  if (body.length < 2) return null;
  return { kind: body[1] === 0 ? 'config' : 'frame', codec, extraTrack: false, data: body.subarray(2) };
}

function readEnhancedAudio(first: number, body: Uint8Array): AudioContent | null {
  if (body.length < 5) return null;
  const packetType = first & 15;
  const kind = packetType === 0 ? 'config' : packetType === 1 ? 'frame' : 'other';
  const extraTrack = packetType === 5;
  return { kind, codec: codecOf(body, 1), extraTrack, data: body.subarray(5) };
}

function codecOf(body: Uint8Array, at: number): string {
  const fourCc = String.fromCharCode(...body.subarray(at, at + 4));
  return fourCcs[fourCc] ?? fourCc.replace(/[^A-Za-z0-9]/g, '?');
}

function signed24(body: Uint8Array, at: number): number {
  const value = ((body[at] ?? 0) << 16) | ((body[at + 1] ?? 0) << 8) | (body[at + 2] ?? 0);
  return (value << 8) >> 8;
}
