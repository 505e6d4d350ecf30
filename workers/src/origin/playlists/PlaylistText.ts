import { constants, crc32, deflateRawSync, gzipSync } from 'node:zlib';

/** Lines that no longer change, kept with their compressed form so that a long playlist costs little per part. */
export class TextBlock {
  readonly bytes: Buffer;
  #deflated: Buffer | null = null;

  constructor(text: string) {
    this.bytes = Buffer.from(text, 'latin1');
  }

  get deflated(): Buffer {
    this.#deflated ??= deflateOpen(this.bytes);
    return this.#deflated;
  }
}

/** A raw deflate stream (RFC 1951) that stops at a byte boundary without a final block: more may follow it. */
const deflateOpen = (bytes: Buffer): Buffer => deflateRawSync(bytes, { finishFlush: constants.Z_FULL_FLUSH });

/** RFC 1952 header: deflate, no name, no time, unknown system. */
const GZIP_HEADER = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]);

function gzipTrailer(checksum: number, length: number): Buffer {
  const trailer = Buffer.allocUnsafe(8);
  trailer.writeUInt32LE(checksum, 0);
  trailer.writeUInt32LE(length % 2 ** 32, 4);
  return trailer;
}

/** One version of a playlist: text before the cached blocks, the blocks, text after them. Forms are made once. */
export class PlaylistText {
  readonly #pieces: readonly Buffer[];
  readonly #blocks: readonly TextBlock[];
  #checksum: number | null = null;
  #identity: Buffer | null = null;
  #gzip: Buffer | null = null;

  constructor(head: string, blocks: readonly TextBlock[] = [], tail = '') {
    this.#blocks = blocks;
    this.#pieces = [
      Buffer.from(head, 'latin1'),
      ...blocks.map((block) => block.bytes),
      Buffer.from(tail, 'latin1'),
    ];
  }

  get identity(): Buffer {
    this.#identity ??= Buffer.concat(this.#pieces);
    return this.#identity;
  }

  /** A single gzip member: cached blocks are concatenated as they are, only the ends are compressed anew. */
  get gzip(): Buffer {
    this.#gzip ??= this.#blocks.length === 0 ? gzipSync(this.identity) : this.#assembled();
    return this.#gzip;
  }

  /** Strong within one coding: equal bytes have equal tags, over restarts too. */
  get entityTag(): string {
    return `${this.#crc().toString(16)}-${this.#length().toString(16)}`;
  }

  #assembled(): Buffer {
    const [head, tail] = [this.#pieces[0], this.#pieces.at(-1)];
    return Buffer.concat([
      GZIP_HEADER,
      deflateOpen(head ?? Buffer.alloc(0)),
      ...this.#blocks.map((block) => block.deflated),
      deflateRawSync(tail ?? Buffer.alloc(0)),
      gzipTrailer(this.#crc(), this.#length()),
    ]);
  }

  #crc(): number {
    this.#checksum ??= this.#pieces.reduce((sum, piece) => crc32(piece, sum), 0);
    return this.#checksum;
  }

  #length(): number {
    return this.#pieces.reduce((sum, piece) => sum + piece.length, 0);
  }
}
