import { concat, type EncodedPicture, type PictureFormat } from './pictures.ts';

const temporalDelimiter = Uint8Array.of(0x12, 0x00);
const obuType = { temporalDelimiter: 2, tileList: 8 };

/** AV1 over RTP (RTP payload format for AV1, 4.3 and 4.4); OBUs get their sizes back, as decoders take them. */
export class Av1Format implements PictureFormat {
  #obus: Uint8Array[] = [];
  /** The pieces so far of an OBU that goes on in the next packet. */
  #open: Uint8Array[] | null = null;
  #key = false;
  #isFirst = true;

  begin(): void {
    this.#obus = [];
    this.#open = null;
    this.#key = false;
    this.#isFirst = true;
  }

  add(payload: Uint8Array): boolean {
    const head = payload[0] ?? 0;
    const elements = splitElements(payload);
    if (elements === null) return false;
    const [continues, goesOn] = [(head & 0x80) !== 0, (head & 0x40) !== 0];
    if (continues !== (this.#open !== null)) return false;
    // N: the first packet of a coded video sequence.
    if (this.#isFirst) this.#key = (head & 0x08) !== 0;
    this.#isFirst = false;
    for (const [at, element] of elements.entries()) {
      const pieces = at === 0 && this.#open !== null ? [...this.#open, element] : [element];
      this.#open = null;
      if (goesOn && at === elements.length - 1) this.#open = pieces;
      else this.#addObu(concat(pieces));
    }
    return true;
  }

  finish(timestamp: number): EncodedPicture | 'broken' | null {
    if (this.#open !== null) return 'broken';
    if (this.#obus.length === 0) return null;
    return { timestamp, key: this.#key, data: concat([temporalDelimiter, ...this.#obus]) };
  }

  #addObu(obu: Uint8Array): void {
    const head = obu[0] ?? 0;
    const type = (head >> 3) & 15;
    if (obu.length === 0 || type === obuType.temporalDelimiter || type === obuType.tileList) return;
    if ((head & 2) !== 0) {
      this.#obus.push(obu);
      return;
    }
    const headLength = (head & 4) !== 0 ? 2 : 1;
    const body = obu.subarray(headLength);
    const sized = Uint8Array.of(head | 2, ...obu.subarray(1, headLength), ...leb128(body.length));
    this.#obus.push(sized, body);
  }
}

/** The OBU elements behind the aggregation header; null when a length doesn't fit. */
function splitElements(payload: Uint8Array): Uint8Array[] | null {
  const count = ((payload[0] ?? 0) >> 4) & 3;
  const elements: Uint8Array[] = [];
  let at = 1;
  while (at < payload.length) {
    // With a count (W) the last element has no length of its own.
    const isLast = count !== 0 && elements.length === count - 1;
    let length = payload.length - at;
    if (!isLast) {
      const read = readLeb128(payload, at);
      if (read === null) return null;
      at = read.end;
      length = read.value;
    }
    if (at + length > payload.length) return null;
    elements.push(payload.subarray(at, at + length));
    at += length;
  }
  return elements.length === 0 ? null : elements;
}

function readLeb128(bytes: Uint8Array, start: number): { value: number; end: number } | null {
  let value = 0;
  for (let index = 0; index < 5; index += 1) {
    const byte = bytes[start + index];
    if (byte === undefined) return null;
    value += (byte & 127) * 2 ** (7 * index);
    if ((byte & 128) === 0) return { value, end: start + index + 1 };
  }
  return null;
}

function leb128(value: number): number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...leb128(Math.floor(value / 128))];
}
