import { fileURLToPath } from 'node:url';

/** The program that setup builds of workers/native. */
export const stageMediaPath = fileURLToPath(new URL('../../../dist/stage-media', import.meta.url));

/**
 * What is said to that program over its standard input, and what it says over its standard output: the length of the body and the
 * type, four bytes each, then the body. All numbers are little-endian.
 */
export interface Message {
  readonly type: number;
  /** A view into what was read. */
  readonly body: Buffer;
}

const headerBytes = 8;
const numberBytes = 4;
/** As io.c has it; no message is nearly as long. */
const mostBytes = 16_777_216;

/** One message, in pieces: numbers of four bytes each, and what follows them. */
export function messageOf(
  type: number,
  numbers: readonly number[],
  rest: readonly Uint8Array[] = [],
): Uint8Array[] {
  const head = Buffer.allocUnsafe(headerBytes + numberBytes * numbers.length);
  const restBytes = rest.reduce((sum, { length }) => sum + length, 0);
  head.writeUInt32LE(numberBytes * numbers.length + restBytes, 0);
  head.writeUInt32LE(type, numberBytes);
  for (const [at, value] of numbers.entries()) head.writeUInt32LE(value, headerBytes + numberBytes * at);
  return [head, ...rest];
}

/** Takes messages out of the bytes as they come. */
export class MessageReader {
  #rest: Buffer = Buffer.alloc(0);

  /** @throws RangeError when one says that it is longer than any. */
  push(bytes: Uint8Array): Message[] {
    const chunk = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const whole = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const messages: Message[] = [];
    let at = 0;
    while (at + headerBytes <= whole.length) {
      const bodyBytes = whole.readUInt32LE(at);
      if (bodyBytes > mostBytes) throw new RangeError('a message is too long');
      const end = at + headerBytes + bodyBytes;
      if (end > whole.length) break;
      const type = whole.readUInt32LE(at + numberBytes);
      messages.push({ type, body: whole.subarray(at + headerBytes, end) });
      at = end;
    }
    this.#rest = whole.subarray(at);
    return messages;
  }
}
