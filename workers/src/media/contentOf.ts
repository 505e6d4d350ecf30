import type { FileKind } from '@maydan/contracts';

/** What the first bytes of a file say it is. */
export interface Content {
  readonly kind: FileKind;
  /** ffmpeg's name of the format, of sounds and videos. */
  readonly demuxer: string | null;
}

/** Bytes that `contentOf` looks at. */
export const headBytes = 64;

const image: Content = { kind: 'image', demuxer: null };
const video = (demuxer: string): Content => ({ kind: 'video', demuxer });
const audio = (demuxer: string): Content => ({ kind: 'audio', demuxer });

/** Formats by bytes at fixed places; the first that fits. Those of text (SVG, HTML, playlists) are never more than files. */
const formats: readonly (readonly [at: number, bytes: string, content: Content])[] = [
  [0, '\xff\xd8\xff', image],
  [0, '\x89PNG\r\n\x1a\n', image],
  [0, 'GIF87a', image],
  [0, 'GIF89a', image],
  [8, 'WEBP', image],
  [4, 'ftypavif', image],
  [4, 'ftypavis', image],
  [4, 'ftypM4A ', audio('mov')],
  [4, 'ftypM4B ', audio('mov')],
  [4, 'ftyp', video('mov')],
  [0, '\x1a\x45\xdf\xa3', video('matroska')],
  [0, 'OggS', audio('ogg')],
  [0, 'fLaC', audio('flac')],
  [8, 'WAVE', audio('wav')],
  [0, 'ID3', audio('mp3')],
];
/** Still pictures in MPEG-4's container that we don't decode. */
const otherPictures = ['ftyphei', 'ftypmif1', 'ftypmsf1', 'ftyphev'];

/** By content alone; what isn't known is a `file`. */
export function contentOf(head: Uint8Array): Content {
  const text = Buffer.from(head.subarray(0, headBytes)).toString('latin1');
  const isRiff = text.startsWith('RIFF');
  if (otherPictures.some((brand) => text.startsWith(brand, 4))) return { kind: 'file', demuxer: null };
  const found = formats.find(([at, bytes]) => text.startsWith(bytes, at) && (at !== 8 || isRiff));
  return found?.[2] ?? rawSound(head) ?? { kind: 'file', demuxer: null };
}

/** Sound without a container begins with the sync word of its first frame: ADTS (layer 0) or MPEG audio layer III. */
function rawSound(head: Uint8Array): Content | null {
  const [first = 0, second = 0, third = 0] = head;
  if (first !== 0xff || (second & 0xe0) !== 0xe0) return null;
  if ((second & 0xf6) === 0xf0) return audio('aac');
  const isValid = (second & 0x18) !== 0x08 && (third & 0xf0) !== 0xf0 && (third & 0x0c) !== 0x0c;
  return (second & 0x06) === 0x02 && isValid ? audio('mp3') : null;
}
