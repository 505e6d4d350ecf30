import { frameBytes, FramePool, type RawFrame } from '../video/FramePool.ts';
import { planes, type Place, type Yuv } from './canvas.ts';
import { rowMemory, type CopyRows } from './copyRows.ts';
import type { CanvasSize } from './layout.ts';

/** Canvases of one size, and beside them in the same memory the one picture that is being pasted. */
export class Canvases {
  /** Room for a picture as large as a canvas. */
  readonly scratch: Buffer;
  readonly #buffer: ArrayBuffer;
  readonly #copyRows: CopyRows;
  readonly #pool: FramePool;

  constructor(size: CanvasSize, count: number) {
    const each = frameBytes(size.width, size.height);
    const { buffer, copyRows } = rowMemory(each * (count + 1));
    this.#buffer = buffer;
    this.#copyRows = copyRows;
    this.scratch = Buffer.from(buffer, 0, each);
    this.#pool = new FramePool(size.width, size.height, count, (at) =>
      Buffer.from(buffer, each * (at + 1), each),
    );
  }

  /** Null when all are lent. */
  borrow(): RawFrame | null {
    return this.#pool.borrow();
  }

  /** Copies a picture, which may be in `scratch`, into a canvas of these. It has to fit. */
  paste(picture: Yuv, canvas: RawFrame, { x, y }: Place): void {
    if (canvas.bytes.buffer !== this.#buffer) throw new RangeError('not a canvas of these');
    if (picture.bytes.buffer !== this.#buffer) this.scratch.set(picture.bytes);
    const from = planes(picture);
    for (const [index, to] of planes(canvas).entries()) {
      const source = from[index];
      if (source === undefined || source.height === 0) return;
      const shift = index === 0 ? 1 : 2;
      const target = canvas.bytes.byteOffset + to.offset + (y / shift) * to.width + x / shift;
      this.#copyRows(target, to.width, source.offset, source.width, source.height);
    }
  }
}
