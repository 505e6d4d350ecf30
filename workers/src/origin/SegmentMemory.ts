/** Bytes of one segment: its parts, and all of them in one buffer once it is complete. */
class HeldSegment {
  readonly msn: number;
  readonly fence: number;
  parts: Buffer[] = [];
  whole: Buffer | null = null;
  byteLength = 0;
  /** Media time at which its last part so far ends. */
  endSec = 0;

  constructor(msn: number, fence: number) {
    this.msn = msn;
    this.fence = fence;
  }

  /** One copy, so that a whole segment is one write and its parts are views of the same bytes. */
  complete(): void {
    const whole = Buffer.concat(this.parts, this.byteLength);
    let offset = 0;
    this.parts = this.parts.map((part) => whole.subarray(offset, (offset += part.length)));
    this.whole = whole;
  }
}

export interface MemoryLimits {
  /** Seconds of media whose bytes are kept. */
  readonly keepSec: number;
  /** Seconds of media that are kept however large: listed parts, and as long again (RFC 8216bis §6.2.2). */
  readonly keepAlwaysSec: number;
  /** Bytes above which only `keepAlwaysSec` are kept. */
  readonly maxBytes: number;
}

/** Init segments are about a kilobyte; older ones than these come from storage. */
const INITS_KEPT = 16;

/** The newest bytes of one rendition. Bounded by time and size; what leaves it is in the spool already. */
export class SegmentMemory {
  readonly #limits: MemoryLimits;
  /** In order of msn. */
  readonly #segments = new Map<number, HeldSegment>();
  readonly #inits = new Map<string, Buffer>();
  #byteLength = 0;

  constructor(limits: MemoryLimits) {
    this.#limits = limits;
  }

  /** Bytes held, without init segments. */
  get byteLength(): number {
    return this.#byteLength;
  }

  addInit(path: string, bytes: Uint8Array): void {
    this.#inits.delete(path);
    this.#inits.set(path, asBuffer(bytes));
    for (const oldest of this.#inits.keys()) {
      if (this.#inits.size <= INITS_KEPT) break;
      this.#inits.delete(oldest);
    }
  }

  start(msn: number, fence: number): void {
    this.#segments.set(msn, new HeldSegment(msn, fence));
  }

  addPart(msn: number, bytes: Uint8Array, endSec: number): void {
    const segment = this.#segments.get(msn);
    if (!segment) return;
    segment.parts.push(asBuffer(bytes));
    segment.byteLength += bytes.byteLength;
    segment.endSec = endSec;
    this.#byteLength += bytes.byteLength;
  }

  /** The segment is complete; older ones beyond the limits are forgotten. */
  complete(msn: number): void {
    const segment = this.#segments.get(msn);
    if (!segment) return;
    segment.complete();
    this.#forgetOld(segment.endSec);
  }

  drop(msn: number): void {
    this.#byteLength -= this.#segments.get(msn)?.byteLength ?? 0;
    this.#segments.delete(msn);
  }

  /** Bytes by path (`720p/…`) of an init, a complete segment or a part. */
  init(path: string): Buffer | undefined {
    return this.#inits.get(path);
  }

  segment(msn: number, fence: number): Buffer | undefined {
    const segment = this.#segments.get(msn);
    return segment?.fence === fence ? (segment.whole ?? undefined) : undefined;
  }

  part(msn: number, fence: number, part: number): Buffer | undefined {
    const segment = this.#segments.get(msn);
    return segment?.fence === fence ? segment.parts[part] : undefined;
  }

  #forgetOld(endSec: number): void {
    for (const segment of this.#segments.values()) {
      const ageSec = endSec - segment.endSec;
      const tooMuch = this.#byteLength > this.#limits.maxBytes && ageSec > this.#limits.keepAlwaysSec;
      if (segment.whole === null || (ageSec <= this.#limits.keepSec && !tooMuch)) return;
      this.drop(segment.msn);
    }
  }
}

const asBuffer = (bytes: Uint8Array): Buffer =>
  Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
