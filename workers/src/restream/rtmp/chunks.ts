/** Message types of RTMP 1.0 (§5.4, §7.1); FLV gives audio, video and data the same numbers. */
export const messageType = {
  setChunkSize: 1,
  abort: 2,
  acknowledgement: 3,
  userControl: 4,
  windowAcknowledgementSize: 5,
  audio: 8,
  video: 9,
  data: 18,
  command: 20,
} as const;

export interface RtmpMessage {
  readonly type: number;
  /** Unsigned 32 bits. */
  readonly timestampMs: number;
  readonly streamId: number;
  readonly payload: Uint8Array;
}

const extended = 0xffffff;
const fullHeaderBytes = 12;

/** A message as chunks (§5.3.1): the first with a full header, the others with none; the payload is copied once. */
export function encodeChunks(message: RtmpMessage, chunkStreamId: number, chunkSize: number): Buffer {
  const { payload, timestampMs } = message;
  const timeBytes = timestampMs >= extended ? 4 : 0;
  const further = Math.max(0, Math.ceil(payload.length / chunkSize) - 1);
  const bytes = Buffer.allocUnsafe(fullHeaderBytes + timeBytes + payload.length + further * (1 + timeBytes));
  bytes[0] = chunkStreamId;
  bytes.writeUIntBE(Math.min(timestampMs, extended), 1, 3);
  bytes.writeUIntBE(payload.length, 4, 3);
  bytes[7] = message.type;
  bytes.writeUInt32LE(message.streamId, 8);
  let to = fullHeaderBytes;
  for (let from = 0; from === 0 || from < payload.length; from += chunkSize) {
    if (from > 0) bytes[to++] = 0xc0 | chunkStreamId;
    // The extended time stands in each chunk (§5.3.1.3).
    if (timeBytes > 0) to = bytes.writeUInt32BE(timestampMs, to);
    bytes.set(payload.subarray(from, from + chunkSize), to);
    to += Math.min(chunkSize, payload.length - from);
  }
  return bytes;
}
