import { concat, type EncodedPicture, type PictureFormat } from './pictures.ts';

const idrSlice = 5;
const sequenceParameterSet = 7;
const pictureParameterSet = 8;
const delimiter = 9;
const stapA = 24;
const fuA = 28;

/** H.264 over RTP (RFC 6184), packetization modes 0 and 1: single units, STAP-A and FU-A. */
export class H264Format implements PictureFormat {
  #units: Uint8Array[] = [];
  #fragments: Uint8Array[] | null = null;
  #sps: Uint8Array | null = null;
  #pps: Uint8Array | null = null;

  begin(): void {
    this.#units = [];
    this.#fragments = null;
  }

  add(payload: Uint8Array): boolean {
    const type = (payload[0] ?? 0) & 31;
    if (type === fuA) return this.#addFragment(payload);
    this.#fragments = null;
    if (type === stapA) return this.#addAggregate(payload);
    if (type === 0 || type > 23) return false;
    this.#addUnit(payload);
    return true;
  }

  finish(timestamp: number): EncodedPicture | 'broken' | null {
    const units = this.#units;
    const firstSlice = units.find((unit) => typeOf(unit) <= idrSlice);
    if (firstSlice === undefined && this.#fragments === null) return null;
    // first_mb_in_slice is 0 (one bit, 1) in the first slice of a picture: else its beginning was lost.
    if (this.#fragments !== null || ((firstSlice?.[1] ?? 0) & 0x80) === 0) return 'broken';
    const key = units.some((unit) => typeOf(unit) === idrSlice);
    const sps = this.#sps;
    const pps = this.#pps;
    if (key && (sps === null || pps === null)) return 'broken';
    const data = concat(units.flatMap((unit) => [lengthOf(unit), unit]));
    return {
      timestamp,
      key,
      data,
      ...(key && sps !== null && pps !== null ? { parameterSets: { sps, pps } } : {}),
    };
  }

  #addUnit(unit: Uint8Array): void {
    const type = typeOf(unit);
    if (type === sequenceParameterSet) this.#sps = unit.slice();
    else if (type === pictureParameterSet) this.#pps = unit.slice();
    else if (type !== delimiter && unit.length > 0) this.#units.push(unit);
  }

  #addAggregate(payload: Uint8Array): boolean {
    let at = 1;
    while (at + 2 < payload.length) {
      const length = ((payload[at] ?? 0) << 8) | (payload[at + 1] ?? 0);
      if (at + 2 + length > payload.length) return false;
      this.#addUnit(payload.subarray(at + 2, at + 2 + length));
      at += 2 + length;
    }
    return at > 1;
  }

  #addFragment(payload: Uint8Array): boolean {
    if (payload.length < 3) return false;
    const indicator = payload[0] ?? 0;
    const header = payload[1] ?? 0;
    if ((header & 0x80) !== 0) this.#fragments = [Uint8Array.of((indicator & 0xe0) | (header & 31))];
    if (this.#fragments === null) return false;
    this.#fragments.push(payload.subarray(2));
    if ((header & 0x40) !== 0) {
      this.#addUnit(concat(this.#fragments));
      this.#fragments = null;
    }
    return true;
  }
}

const typeOf = (unit: Uint8Array): number => (unit[0] ?? 0) & 31;

function lengthOf({ length }: Uint8Array): Uint8Array {
  return Uint8Array.of(length >>> 24, (length >>> 16) & 255, (length >>> 8) & 255, length & 255);
}
