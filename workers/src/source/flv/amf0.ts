import { Buffer } from 'node:buffer';

/** A value of AMF0 (Action Message Format 0), as far as stream metadata uses it. */
export type AmfValue = number | boolean | string | null | AmfObject | AmfValue[];
export interface AmfObject {
  [key: string]: AmfValue;
}

const maxDepth = 8;
const maxEntries = 512;

/**
 * Values in order; stops silently at the first byte it can't read, since publishers' metadata is often cut or
 * odd and nothing in it is indispensable.
 */
export function decodeAmf0(bytes: Uint8Array): AmfValue[] {
  const reader = new AmfReader(bytes);
  const values: AmfValue[] = [];
  try {
    while (reader.remaining > 0 && values.length < 16) values.push(reader.value(0));
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
  return values;
}

class AmfReader {
  private readonly bytes: Buffer;
  private at = 0;
  private entries = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get remaining(): number {
    return this.bytes.length - this.at;
  }

  value(depth: number): AmfValue {
    if (depth > maxDepth) throw new RangeError('AMF0 nested too deeply');
    const marker = this.skip(1).readUInt8(0);
    switch (marker) {
      case 0x00:
        return this.skip(8).readDoubleBE(0);
      case 0x01:
        return this.skip(1).readUInt8(0) !== 0;
      case 0x02:
        return this.text(this.skip(2).readUInt16BE(0));
      case 0x03:
        return this.object(depth);
      case 0x08:
        this.skip(4);
        return this.object(depth);
      case 0x0a:
        return this.list(depth);
      case 0x0b:
        return this.skip(10).readDoubleBE(0);
      case 0x0c:
        return this.text(this.skip(4).readUInt32BE(0));
      case 0x05:
      case 0x06:
        return null;
      default:
        throw new RangeError(`AMF0 marker ${marker}`);
    }
  }

  private object(depth: number): AmfObject {
    const entries: [string, AmfValue][] = [];
    try {
      for (;;) {
        this.count();
        const key = this.text(this.skip(2).readUInt16BE(0));
        if (key === '' && this.bytes[this.at] === 0x09) {
          this.skip(1);
          break;
        }
        entries.push([key, this.value(depth + 1)]);
      }
    } catch (error) {
      // Some encoders leave out the end marker or cut the array: what was read so far is kept at the top level.
      if (!(error instanceof RangeError) || depth > 0) throw error;
    }
    return Object.fromEntries(entries);
  }

  private list(depth: number): AmfValue[] {
    const length = Math.min(this.skip(4).readUInt32BE(0), maxEntries);
    return Array.from({ length }, () => {
      this.count();
      return this.value(depth + 1);
    });
  }

  private count(): void {
    this.entries += 1;
    if (this.entries > maxEntries) throw new RangeError('AMF0 has too many entries');
  }

  private text(length: number): string {
    return this.skip(length).toString('utf8');
  }

  private skip(length: number): Buffer {
    if (length > this.remaining) throw new RangeError('AMF0 ends early');
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }
}

/** Values of a command one after the other. */
export function encodeAmf0(...values: readonly AmfValue[]): Buffer {
  return Buffer.concat(values.map(encodeOne));
}

function encodeOne(value: AmfValue): Buffer {
  if (value === null) return Buffer.from([0x05]);
  if (typeof value === 'boolean') return Buffer.from([0x01, value ? 1 : 0]);
  if (typeof value === 'string') return Buffer.concat([Buffer.from([0x02]), prefixed(value)]);
  if (typeof value === 'number') {
    const number = Buffer.alloc(9);
    number.writeDoubleBE(value, 1);
    return number;
  }
  if (Array.isArray(value)) {
    const head = Buffer.from([0x0a, 0, 0, 0, 0]);
    head.writeUInt32BE(value.length, 1);
    return Buffer.concat([head, ...value.map(encodeOne)]);
  }
  const entries = Object.entries(value).flatMap(([key, entry]) => [prefixed(key), encodeOne(entry)]);
  return Buffer.concat([Buffer.from([0x03]), ...entries, Buffer.from([0, 0, 9])]);
}

/** `"onMetaData"` and an ECMA array of numbers. */
export function encodeMetadata(values: Readonly<Record<string, number>>): Buffer {
  const entries = Object.entries(values);
  const count = Buffer.alloc(5);
  count[0] = 0x08;
  count.writeUInt32BE(entries.length, 1);
  const pieces = entries.map(([key, value]) => {
    const number = Buffer.alloc(9);
    number.writeDoubleBE(value, 1);
    return Buffer.concat([prefixed(key), number]);
  });
  return Buffer.concat([
    Buffer.from([0x02]),
    prefixed('onMetaData'),
    count,
    ...pieces,
    Buffer.from([0, 0, 9]),
  ]);
}

function prefixed(text: string): Buffer {
  const bytes = Buffer.from(text, 'utf8');
  return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 255]), bytes]);
}
