/** The AMF0 values that RTMP commands are made of. */
export type AmfValue =
  number | boolean | string | null | readonly AmfValue[] | { readonly [name: string]: AmfValue };

const marker = {
  number: 0,
  boolean: 1,
  string: 2,
  object: 3,
  null: 5,
  undefined: 6,
  array: 8,
  objectEnd: 9,
  strictArray: 10,
};

export function encodeAmf(...values: readonly AmfValue[]): Buffer {
  return Buffer.concat(values.map(encodeOne));
}

function encodeOne(value: AmfValue): Buffer {
  if (value === null) return Buffer.from([marker.null]);
  if (typeof value === 'boolean') return Buffer.from([marker.boolean, value ? 1 : 0]);
  if (typeof value === 'string') return Buffer.concat([Buffer.from([marker.string]), encodeName(value)]);
  if (typeof value === 'number') {
    const number = Buffer.alloc(9);
    number.writeDoubleBE(value, 1);
    return number;
  }
  if (isList(value)) {
    const head = Buffer.from([marker.strictArray, 0, 0, 0, value.length]);
    return Buffer.concat([head, ...value.map(encodeOne)]);
  }
  const entries = Object.entries(value).flatMap(([name, entry]) => [encodeName(name), encodeOne(entry)]);
  return Buffer.concat([Buffer.from([marker.object]), ...entries, Buffer.from([0, 0, marker.objectEnd])]);
}

export const isObject = (value: AmfValue | undefined): value is { readonly [name: string]: AmfValue } =>
  typeof value === 'object' && value !== null && !isList(value);
const isList = (value: AmfValue): value is readonly AmfValue[] => Array.isArray(value);

function encodeName(text: string): Buffer {
  const bytes = Buffer.from(text);
  const length = Buffer.alloc(2);
  length.writeUInt16BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

/** All values of a message; throws on a type that servers don't send. */
export function decodeAmf(bytes: Buffer): AmfValue[] {
  const reader = new AmfReader(bytes);
  const values: AmfValue[] = [];
  while (!reader.atEnd) values.push(reader.read());
  return values;
}

class AmfReader {
  readonly #bytes: Buffer;
  #offset = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get atEnd(): boolean {
    return this.#offset >= this.#bytes.length;
  }

  read(): AmfValue {
    const type = this.#bytes.readUInt8(this.#offset++);
    switch (type) {
      case marker.number:
        this.#offset += 8;
        return this.#bytes.readDoubleBE(this.#offset - 8);
      case marker.boolean:
        return this.#bytes.readUInt8(this.#offset++) !== 0;
      case marker.string:
        return this.#name();
      case marker.null:
      case marker.undefined:
        return null;
      case marker.array:
        this.#offset += 4;
        return this.#object();
      case marker.object:
        return this.#object();
      case marker.strictArray: {
        this.#offset += 4;
        const length = this.#bytes.readUInt32BE(this.#offset - 4);
        return Array.from({ length }, () => this.read());
      }
      default:
        throw new Error(`AMF0 type ${type} is not known here`);
    }
  }

  #name(): string {
    const start = this.#offset + 2;
    this.#offset = start + this.#bytes.readUInt16BE(this.#offset);
    return this.#bytes.toString('utf8', start, this.#offset);
  }

  #object(): AmfValue {
    const object: Record<string, AmfValue> = {};
    for (;;) {
      const name = this.#name();
      if (name === '' && this.#bytes.readUInt8(this.#offset) === marker.objectEnd) {
        this.#offset += 1;
        return object;
      }
      object[name] = this.read();
    }
  }
}
