/** A raw yuv420p picture in a borrowed buffer. */
export interface RawFrame {
  readonly width: number;
  readonly height: number;
  /** Planes Y, U and V behind each other, without padding between rows. */
  readonly bytes: Buffer;
  /** Gives the buffer back. Idempotent; nobody may look at it afterwards. */
  release(): void;
}

/** Bytes of a yuv420p picture; sizes are even. */
export const frameBytes = (width: number, height: number): number => (width * height * 3) / 2;

/** Buffers for pictures of one size, used again and again, and not more than a few. */
export class FramePool {
  readonly width: number;
  readonly height: number;
  readonly #most: number;
  readonly #room: (at: number) => Buffer;
  readonly #free: Buffer[] = [];
  #made = 0;

  /** `room`: gives the memory of the n-th picture (0 is the first). */
  constructor(width: number, height: number, most: number, room: (at: number) => Buffer) {
    this.width = width;
    this.height = height;
    this.#most = most;
    this.#room = room;
  }

  /** Null when all are lent. */
  borrow(): RawFrame | null {
    const bytes = this.#free.pop() ?? this.#make();
    if (bytes === null) return null;
    let isOut = true;
    return {
      width: this.width,
      height: this.height,
      bytes,
      release: () => {
        if (isOut) this.#free.push(bytes);
        isOut = false;
      },
    };
  }

  #make(): Buffer | null {
    if (this.#made === this.#most) return null;
    this.#made += 1;
    return this.#room(this.#made - 1);
  }
}
