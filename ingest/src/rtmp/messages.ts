/** Message types of RTMP 1.0 (§5.4, §7.1); FLV gives audio, video and data the same numbers. */
export const messageType = {
  setChunkSize: 1,
  abort: 2,
  userControl: 4,
  audio: 8,
  video: 9,
  dataAmf3: 15,
  data: 18,
  aggregate: 22,
} as const;

/** One audio, video or data message as the publisher sent it. */
export interface MediaMessage {
  readonly type: 8 | 9 | 18;
  /** Unsigned 32 bits, wraps. */
  readonly timestampMs: number;
  /** Valid during the call only: the parser uses the memory again. */
  readonly payload: Buffer;
}

/** The peer broke the protocol or one of our bounds; its connection can't go on. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
}

/** The message as audio, video or data; undefined for every other type. */
export function toMediaMessage(type: number, timestampMs: number, payload: Buffer): MediaMessage | undefined {
  if (payload.length === 0) return undefined;
  if (type === messageType.audio || type === messageType.video || type === messageType.data) {
    return { type, timestampMs, payload };
  }
  // The AMF3 form is the AMF0 form behind a format byte (RTMP §7.1.2).
  if (type === messageType.dataAmf3)
    return toMediaMessage(messageType.data, timestampMs, payload.subarray(1));
  return undefined;
}

const aggregateHeaderBytes = 11;
const backPointerBytes = 4;

/**
 * The messages inside an aggregate (RTMP §7.1.6). Their times are relative to each other; the first one has the
 * time of the aggregate.
 */
export function splitAggregate(timestampMs: number, payload: Buffer): MediaMessage[] {
  const messages: MediaMessage[] = [];
  let firstMs: number | undefined;
  for (let offset = 0; offset + aggregateHeaderBytes <= payload.length;) {
    const size = payload.readUIntBE(offset + 1, 3);
    const ownMs = payload.readUIntBE(offset + 4, 3) + payload.readUInt8(offset + 7) * 2 ** 24;
    firstMs ??= ownMs;
    const start = offset + aggregateHeaderBytes;
    if (start + size > payload.length) throw new ProtocolError('an aggregate ends within a message');
    const body = payload.subarray(start, start + size);
    const message = toMediaMessage(payload.readUInt8(offset), (timestampMs + ownMs - firstMs) >>> 0, body);
    if (message !== undefined) messages.push(message);
    offset = start + size + backPointerBytes;
  }
  return messages;
}
