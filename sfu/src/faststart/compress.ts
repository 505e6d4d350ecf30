import type { RtpPacket } from './rtpPacket.ts';

/** Of H.264. */
export const clockRateHz = 90_000;
/** Pictures of the past follow each other by this: a receiver shows them as fast as it can decode them. */
const stepTicks = clockRateHz / 1_000;

/**
 * The packets of a group with timestamps moved together before its last picture, which keeps its own. With the original
 * ones a receiver would play the group at its pace and stay behind by its length.
 */
export function compress(packets: readonly RtpPacket[]): RtpPacket[] {
  const pictures = [...new Set(packets.map(({ timestamp }) => timestamp))];
  const last = pictures.at(-1) ?? 0;
  const moved = new Map(
    pictures.map((timestamp, index) => [timestamp, last - (pictures.length - 1 - index) * stepTicks]),
  );
  return packets.map((packet) => ({ ...packet, timestamp: (moved.get(packet.timestamp) ?? last) >>> 0 }));
}
