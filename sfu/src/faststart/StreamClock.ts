/** NTP time as in RTCP, in units of 2^-32 s, and the RTP timestamp that belongs to it. */
export interface ClockPoint {
  readonly ntp: bigint;
  readonly timestamp: number;
}

const senderReportType = 200;
const reportBytes = 28;

/** The clock of a sender report in a compound packet (RFC 3550 6.4.1); null when it has none. */
export function readSenderReport(packet: Buffer): ClockPoint | null {
  for (let at = 0; at + 4 <= packet.length;) {
    const length = 4 * (packet.readUInt16BE(at + 2) + 1);
    const isReport = packet.readUInt8(at + 1) === senderReportType;
    if (isReport && length >= reportBytes && at + reportBytes <= packet.length) {
      return { ntp: packet.readBigUInt64BE(at + 8), timestamp: packet.readUInt32BE(at + 16) };
    }
    at += length;
  }
  return null;
}

/** A sender report of another stream with this clock. Its counts aren't used by who reads it. */
export function writeSenderReport({ ntp, timestamp }: ClockPoint, ssrc: number): Buffer {
  const report = Buffer.alloc(reportBytes);
  report.writeUInt8(0x80, 0);
  report.writeUInt8(senderReportType, 1);
  report.writeUInt16BE(reportBytes / 4 - 1, 2);
  report.writeUInt32BE(ssrc, 4);
  report.writeBigUInt64BE(BigInt.asUintN(64, ntp), 8);
  report.writeUInt32BE(timestamp >>> 0, 16);
  return report;
}

/** The clock some time later. */
export function later({ ntp, timestamp }: ClockPoint, ms: number, clockRateHz: number): ClockPoint {
  return {
    ntp: ntp + BigInt(Math.round((ms * 2 ** 32) / 1_000)),
    timestamp: (timestamp + Math.round((ms * clockRateHz) / 1_000)) >>> 0,
  };
}
