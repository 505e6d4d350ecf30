import { Buffer } from 'node:buffer';

/** One FLV tag as it stands in the file (Adobe FLV specification 10.1, Annex E.4.1). */
export interface FlvTag {
  readonly type: 'audio' | 'video' | 'script';
  /** Milliseconds modulo 2^32; for video the decode time. */
  readonly timestampMs: number;
  readonly body: Uint8Array;
}

/** The bytes are not FLV, or hold a tag nobody sane would send. The stream can't be read on after it. */
export class FlvError extends Error {
  readonly code: 'notFlv' | 'badTag' | 'tagTooLarge';

  constructor(code: FlvError['code'], message: string) {
    super(message);
    this.name = 'FlvError';
    this.code = code;
  }
}

const tagTypes: Readonly<Record<number, FlvTag['type']>> = { 8: 'audio', 9: 'video', 18: 'script' };
const tagHeaderBytes = 11;
const fileHeaderBytes = 9;
const previousTagSizeBytes = 4;
const maxFileHeaderBytes = 1024;

type Step = 'fileHeader' | 'fileHeaderRest' | 'tagHeader' | 'tagBody';

/**
 * Reads FLV in pieces of any size. Holds at most one tag (`maxTagBytes`) besides the piece given.
 * Tag bodies may be views into the pieces, which therefore must not be changed afterwards.
 */
export class FlvParser {
  private readonly maxTagBytes: number;
  private step: Step = 'fileHeader';
  private needed = fileHeaderBytes;
  private held: Buffer | null = null;
  private heldBytes = 0;
  private header: { type: FlvTag['type']; timestampMs: number; size: number } | null = null;

  constructor(maxTagBytes = 8 * 1024 * 1024) {
    this.maxTagBytes = maxTagBytes;
  }

  /** The tags that became whole with this piece. Throws FlvError; the parser is unusable then. */
  push(piece: Uint8Array): FlvTag[] {
    const input = Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength);
    const tags: FlvTag[] = [];
    let at = 0;
    while (at < input.length) {
      const taken = this.take(input, at);
      at += taken.used;
      if (taken.field === null) break;
      const tag = this.accept(taken.field);
      if (tag !== null) tags.push(tag);
    }
    return tags;
  }

  /** The next field of `needed` bytes, without a copy when the piece holds it whole. */
  private take(input: Buffer, at: number): { used: number; field: Buffer | null } {
    const available = input.length - at;
    if (this.held === null && available >= this.needed) {
      return { used: this.needed, field: input.subarray(at, at + this.needed) };
    }
    this.held ??= Buffer.allocUnsafe(this.needed);
    const used = Math.min(available, this.needed - this.heldBytes);
    input.copy(this.held, this.heldBytes, at, at + used);
    this.heldBytes += used;
    if (this.heldBytes < this.needed) return { used, field: null };
    const field = this.held;
    this.held = null;
    this.heldBytes = 0;
    return { used, field };
  }

  private accept(field: Buffer): FlvTag | null {
    switch (this.step) {
      case 'fileHeader':
        this.expect('fileHeaderRest', restOfFileHeader(field));
        return null;
      case 'fileHeaderRest':
        this.expect('tagHeader', tagHeaderBytes);
        return null;
      case 'tagHeader':
        this.header = this.parseTagHeader(field);
        this.expect('tagBody', this.header.size + previousTagSizeBytes);
        return null;
      case 'tagBody':
        this.expect('tagHeader', tagHeaderBytes);
        return this.finishTag(field);
    }
  }

  private expect(step: Step, needed: number): void {
    this.step = step;
    this.needed = needed;
  }

  private parseTagHeader(field: Buffer): { type: FlvTag['type']; timestampMs: number; size: number } {
    const type = tagTypes[field.readUInt8(0)];
    if (type === undefined) throw new FlvError('badTag', `Tag type ${field.readUInt8(0)} is not FLV's.`);
    const size = field.readUIntBE(1, 3);
    if (size > this.maxTagBytes) throw new FlvError('tagTooLarge', `A tag says it has ${size} bytes.`);
    return { type, size, timestampMs: field.readUIntBE(4, 3) + field.readUInt8(7) * 2 ** 24 };
  }

  private finishTag(field: Buffer): FlvTag {
    const header = this.header;
    if (header === null) throw new FlvError('badTag', 'A body came without its header.');
    const repeatedSize = field.readUInt32BE(header.size);
    if (repeatedSize !== header.size + tagHeaderBytes) {
      throw new FlvError('badTag', `A tag of ${header.size} bytes is followed by size ${repeatedSize}.`);
    }
    return { type: header.type, timestampMs: header.timestampMs, body: field.subarray(0, header.size) };
  }
}

/** Bytes that follow the fixed file header: an unusual longer header, and the first PreviousTagSize. */
function restOfFileHeader(field: Buffer): number {
  if (field.toString('latin1', 0, 3) !== 'FLV') throw new FlvError('notFlv', 'The bytes are not FLV.');
  const length = field.readUInt32BE(5);
  if (length < fileHeaderBytes || length > maxFileHeaderBytes) {
    throw new FlvError('notFlv', `The FLV header says it has ${length} bytes.`);
  }
  return length - fileHeaderBytes + previousTagSizeBytes;
}
