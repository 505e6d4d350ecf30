import { Buffer } from 'node:buffer';

/** What a sender report says of one stream. */
export interface SenderState {
  readonly ssrc: number;
  /** RTP timestamp of what is captured at `unixMs`. */
  readonly timestamp: number;
  readonly unixMs: number;
  readonly packets: number;
  /** Payload bytes. */
  readonly bytes: number;
}

const senderReportType = 200;
const sourceDescriptionType = 202;
const transportFeedbackType = 205;
const genericNack = 1;
/** Seconds from 1900 to 1970. */
const ntpEpochSec = 2_208_988_800;

/**
 * A compound packet of sender report and CNAME (RFC 3550 6.1, 6.4.1, 6.5). Streams with one CNAME whose reports are made
 * from one clock are played in sync.
 */
export function senderReport(state: SenderState, cname: string): Buffer {
  return Buffer.concat([reportOf(state), descriptionOf(state.ssrc, cname)]);
}

function reportOf({ ssrc, timestamp, unixMs, packets, bytes }: SenderState): Buffer {
  const report = Buffer.alloc(28);
  writeHeader(report, 0, senderReportType);
  report.writeUInt32BE(ssrc >>> 0, 4);
  const seconds = Math.floor(unixMs / 1_000);
  report.writeUInt32BE((seconds + ntpEpochSec) % 2 ** 32, 8);
  report.writeUInt32BE(Math.floor(((unixMs - seconds * 1_000) / 1_000) * 2 ** 32) % 2 ** 32, 12);
  report.writeUInt32BE(timestamp >>> 0, 16);
  report.writeUInt32BE(packets % 2 ** 32, 20);
  report.writeUInt32BE(bytes % 2 ** 32, 24);
  return report;
}

/** One chunk with one CNAME item, which ends with at least one zero up to the word's end. */
function descriptionOf(ssrc: number, cname: string): Buffer {
  const name = Buffer.from(cname, 'utf8').subarray(0, 255);
  const description = Buffer.alloc(8 + 4 * Math.ceil((2 + name.length + 1) / 4));
  writeHeader(description, 1, sourceDescriptionType);
  description.writeUInt32BE(ssrc >>> 0, 4);
  description[8] = 1;
  description[9] = name.length;
  description.set(name, 10);
  return description;
}

function writeHeader(packet: Buffer, count: number, type: number): void {
  packet[0] = 0x80 | count;
  packet[1] = type;
  packet.writeUInt16BE(packet.length / 4 - 1, 2);
}

/** Sequence numbers that generic NACKs in a compound packet ask for again (RFC 4585 6.2.1), by stream. */
export function readNacks(packet: Buffer): { ssrc: number; sequences: number[] }[] {
  const nacks: { ssrc: number; sequences: number[] }[] = [];
  for (let at = 0; at + 4 <= packet.length;) {
    const length = 4 * (packet.readUInt16BE(at + 2) + 1);
    if (at + length > packet.length) break;
    const format = packet.readUInt8(at) & 31;
    if (packet.readUInt8(at + 1) === transportFeedbackType && format === genericNack && length >= 16) {
      const sequences: number[] = [];
      for (let entry = at + 12; entry < at + length; entry += 4) sequences.push(...lost(packet, entry));
      nacks.push({ ssrc: packet.readUInt32BE(at + 8), sequences });
    }
    at += length;
  }
  return nacks;
}

/** One packet id and the bits for the 16 after it. */
function lost(packet: Buffer, at: number): number[] {
  const first = packet.readUInt16BE(at);
  const mask = packet.readUInt16BE(at + 2);
  const following = Array.from({ length: 16 }, (_, bit) => bit).filter((bit) => (mask >> bit) & 1);
  return [first, ...following.map((bit) => (first + 1 + bit) & 0xffff)];
}
