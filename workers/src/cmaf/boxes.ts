import { FragmentError } from './FragmentError.ts';

/** A box inside a buffer (ISO/IEC 14496-12 §4.2); `whole` includes the header, `payload` doesn't. */
export interface Box {
  readonly type: string;
  readonly whole: Buffer;
  readonly payload: Buffer;
}

/** The boxes that follow each other in `bytes`, without copying. @throws FragmentError when they don't fit. */
export function readBoxes(bytes: Buffer): Box[] {
  const boxes: Box[] = [];
  for (let offset = 0; offset < bytes.length;) {
    if (bytes.length - offset < 8) throw new FragmentError('malformed', 'A box header is cut short.');
    const size = bytes.readUInt32BE(offset);
    const type = bytes.toString('latin1', offset + 4, offset + 8);
    if (size < 8 || size > bytes.length - offset) {
      throw new FragmentError('malformed', `Box ${JSON.stringify(type)} of ${size} bytes does not fit.`);
    }
    const whole = bytes.subarray(offset, offset + size);
    boxes.push({ type, whole, payload: whole.subarray(8) });
    offset += size;
  }
  return boxes;
}

/** The first box of a type. @throws FragmentError when there is none. */
export function requireBox(boxes: readonly Box[], type: string): Box {
  const found = boxes.find((box) => box.type === type);
  if (found === undefined) throw new FragmentError('malformed', `Box ${type} is missing.`);
  return found;
}

/** Follows nested boxes by their types. @throws FragmentError when one is missing. */
export function findBox(bytes: Buffer, ...path: readonly string[]): Box {
  const [type, ...rest] = path;
  if (type === undefined) throw new FragmentError('malformed', 'No box was asked for.');
  const box = requireBox(readBoxes(bytes), type);
  return rest.length === 0 ? box : findBox(box.payload, ...rest);
}

/** Bytes of a box with this content. */
export function makeBox(type: string, ...content: readonly Uint8Array[]): Buffer {
  const header = Buffer.alloc(8);
  header.writeUInt32BE(8 + content.reduce((sum, bytes) => sum + bytes.length, 0));
  header.write(type, 4, 'latin1');
  return Buffer.concat([header, ...content]);
}
