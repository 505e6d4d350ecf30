import { messageType, type RtmpMessage } from './chunks.ts';

/** The peer broke the protocol or one of our bounds; its connection can't go on. */
export class ChunkError extends Error {
  override readonly name = 'ChunkError';
}

/** What servers say to a publisher is short. */
const serverMessageBytes = 65_536;
const maxStreams = 32;
const extended = 0xffffff;
/** Of the message header, by the format of a chunk (§5.3.1.2). */
const headerBytes = [11, 7, 3, 0] as const;

interface ChunkStream {
  readonly type: number;
  readonly streamId: number;
  readonly length: number;
  readonly timestampMs: number;
  readonly isExtended: boolean;
  payload: Buffer;
}

/** Where a chunk's header ends, and the stream as it is from there on. */
interface Header {
  readonly end: number;
  readonly stream: ChunkStream;
}

/** Puts together what a server sends (RTMP 1.0 §5.3). Holds at most a message of each chunk stream, and a part of a chunk. */
export class ChunkReader {
  #held = Buffer.alloc(0);
  #chunkSize = 128;
  readonly #streams = new Map<number, ChunkStream>();
  readonly #maxMessageBytes: number;

  constructor(maxMessageBytes = serverMessageBytes) {
    this.#maxMessageBytes = maxMessageBytes;
  }

  /** The messages that became whole. Throws ChunkError; the reader is of no use then. */
  push(data: Uint8Array): RtmpMessage[] {
    this.#held = Buffer.concat([this.#held, data]);
    const messages: RtmpMessage[] = [];
    for (;;) {
      const used = this.#chunk(messages);
      if (used === 0) return messages;
      this.#held = this.#held.subarray(used);
    }
  }

  /** Bytes used; 0 when the chunk isn't whole yet. */
  #chunk(messages: RtmpMessage[]): number {
    const basic = this.#basicHeader();
    if (basic === null) return 0;
    const header = this.#messageHeader(basic);
    if (header === null) return 0;
    const { stream, end } = header;
    const size = Math.min(this.#chunkSize, stream.length - stream.payload.length);
    if (this.#held.length < end + size) return 0;
    stream.payload = Buffer.concat([stream.payload, this.#held.subarray(end, end + size)]);
    this.#keep(basic.id, stream);
    if (stream.payload.length === stream.length) {
      messages.push(this.#taken({ ...stream }));
      stream.payload = Buffer.alloc(0);
    }
    return end + size;
  }

  #basicHeader(): { format: 0 | 1 | 2 | 3; id: number; end: number } | null {
    const [first = 0, second = 0, third = 0] = this.#held;
    const format = (first >> 6) as 0 | 1 | 2 | 3;
    const low = first & 0x3f;
    const end = low === 0 ? 2 : low === 1 ? 3 : 1;
    if (this.#held.length < end) return null;
    const id = low === 0 ? second + 64 : low === 1 ? third * 256 + second + 64 : low;
    return { format, id, end };
  }

  #messageHeader({
    format,
    id,
    end: start,
  }: {
    format: 0 | 1 | 2 | 3;
    id: number;
    end: number;
  }): Header | null {
    const held = this.#held;
    const before = this.#streams.get(id);
    const plainEnd = start + headerBytes[format];
    if (held.length < plainEnd) return null;
    if (before === undefined && format !== 0) throw new ChunkError('a chunk stream begins without a header');
    const field = format === 3 ? null : held.readUIntBE(start, 3);
    const isExtended = field === null ? (before?.isExtended ?? false) : field === extended;
    const end = plainEnd + (isExtended ? 4 : 0);
    if (held.length < end) return null;
    if (format === 3 && before !== undefined) return { end, stream: before };
    const length = format < 2 ? held.readUIntBE(start + 3, 3) : (before?.length ?? 0);
    if (length > this.#maxMessageBytes) throw new ChunkError('a message is too long');
    return {
      end,
      stream: {
        type: format < 2 ? held.readUInt8(start + 6) : (before?.type ?? 0),
        streamId: format === 0 ? held.readUInt32LE(start + 7) : (before?.streamId ?? 0),
        // Nobody reads the times of a server's messages: deltas aren't added up.
        timestampMs: isExtended ? held.readUInt32BE(plainEnd) : (field ?? 0),
        ...{ length, isExtended, payload: Buffer.alloc(0) },
      },
    };
  }

  #keep(id: number, stream: ChunkStream): void {
    this.#streams.set(id, stream);
    if (this.#streams.size > maxStreams) throw new ChunkError('too many chunk streams');
  }

  #taken({ type, streamId, timestampMs, payload }: ChunkStream): RtmpMessage {
    if (type === messageType.setChunkSize) {
      const size = payload.length < 4 ? 0 : payload.readUInt32BE(0);
      if (size < 1 || size > 0x7fffffff) throw new ChunkError('no such chunk size');
      this.#chunkSize = size;
    }
    if (type === messageType.abort && payload.length >= 4) {
      const aborted = this.#streams.get(payload.readUInt32BE(0));
      if (aborted !== undefined) aborted.payload = Buffer.alloc(0);
    }
    return { type, streamId, timestampMs, payload };
  }
}
