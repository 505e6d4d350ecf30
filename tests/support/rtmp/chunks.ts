/** One RTMP message (RTMP 1.0 §4). */
export interface RtmpMessage {
  readonly type: number;
  /** Unsigned 32 bits. */
  readonly timestampMs: number;
  readonly streamId: number;
  readonly payload: Buffer;
}

const extended = 0xffffff;

/** The message as chunks: one with a full header (type 0), the rest without (type 3). */
export function encodeChunks(message: RtmpMessage, chunkStreamId: number, chunkSize: number): Buffer {
  const { payload, timestampMs } = message;
  const header = Buffer.alloc(12);
  header.writeUInt8(chunkStreamId, 0);
  header.writeUIntBE(Math.min(timestampMs, extended), 1, 3);
  header.writeUIntBE(payload.length, 4, 3);
  header.writeUInt8(message.type, 7);
  header.writeUInt32LE(message.streamId, 8);
  return Buffer.concat([header, chunkBody(message, chunkStreamId, chunkSize)]);
}

/** A message that continues a chunk stream: only a delta of time when length and type are as before (type 1). */
export function encodeDeltaChunks(
  message: Omit<RtmpMessage, 'streamId'>,
  chunkStreamId: number,
  chunkSize: number,
): Buffer {
  const header = Buffer.alloc(8);
  header.writeUInt8(0x40 | chunkStreamId, 0);
  header.writeUIntBE(Math.min(message.timestampMs, extended), 1, 3);
  header.writeUIntBE(message.payload.length, 4, 3);
  header.writeUInt8(message.type, 7);
  return Buffer.concat([header, chunkBody(message, chunkStreamId, chunkSize)]);
}

/** What follows the first header; the extended timestamp stands in each chunk (§5.3.1.3). */
function chunkBody(
  { payload, timestampMs }: Pick<RtmpMessage, 'payload' | 'timestampMs'>,
  chunkStreamId: number,
  chunkSize: number,
): Buffer {
  const time = Buffer.alloc(timestampMs >= extended ? 4 : 0);
  if (time.length > 0) time.writeUInt32BE(timestampMs);
  const parts: Buffer[] = [time, payload.subarray(0, chunkSize)];
  for (let offset = chunkSize; offset < payload.length; offset += chunkSize) {
    parts.push(Buffer.from([0xc0 | chunkStreamId]), time, payload.subarray(offset, offset + chunkSize));
  }
  return Buffer.concat(parts);
}

const fullHeaderBytes = 12;
const setChunkSize = 1;

interface ChunkStream {
  readonly header: Omit<RtmpMessage, 'payload'>;
  readonly length: number;
  payload: Buffer;
}

/** Puts a server's messages together, as far as servers go: full headers, continuations, plain timestamps. */
export class ChunkReader {
  #input = Buffer.alloc(0);
  #chunkSize = 128;
  readonly #streams = new Map<number, ChunkStream>();

  read(data: Buffer): RtmpMessage[] {
    this.#input = Buffer.concat([this.#input, data]);
    const messages: RtmpMessage[] = [];
    for (;;) {
      const used = this.#chunk(messages);
      if (used === 0) return messages;
      this.#input = this.#input.subarray(used);
    }
  }

  /** Bytes used, 0 when the chunk isn't whole yet. */
  #chunk(messages: RtmpMessage[]): number {
    const basic = this.#input[0] ?? 0;
    const headerBytes = basic >> 6 === 3 ? 1 : fullHeaderBytes;
    if (this.#input.length < headerBytes) return 0;
    const id = basic & 0x3f;
    const stream = this.#streams.get(id) ?? this.#begin();
    const size = Math.min(this.#chunkSize, stream.length - stream.payload.length);
    if (this.#input.length < headerBytes + size) return 0;
    stream.payload = Buffer.concat([stream.payload, this.#input.subarray(headerBytes, headerBytes + size)]);
    this.#streams.set(id, stream);
    if (stream.payload.length === stream.length) {
      this.#streams.delete(id);
      messages.push(this.#finish(stream));
    }
    return headerBytes + size;
  }

  #begin(): ChunkStream {
    const input = this.#input;
    if (input.length < fullHeaderBytes) throw new Error('a server began a message without a full header');
    const header = {
      type: input.readUInt8(7),
      timestampMs: input.readUIntBE(1, 3),
      streamId: input.readUInt32LE(8),
    };
    return { header, length: input.readUIntBE(4, 3), payload: Buffer.alloc(0) };
  }

  #finish({ header, payload }: ChunkStream): RtmpMessage {
    if (header.type === setChunkSize) this.#chunkSize = payload.readUInt32BE(0);
    return { ...header, payload };
  }
}
