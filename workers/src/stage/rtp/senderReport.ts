/** What a sender report says (RFC 3550 6.4.1): this RTP time was captured at that wall-clock time of the sender. */
export interface SenderReport {
  readonly ssrc: number;
  /** Milliseconds since 1970 on the sender's clock, with fraction. */
  readonly ntpMs: number;
  /** 32 bits. */
  readonly timestamp: number;
}

const senderReportType = 200;
const senderReportBytes = 28;
/** From 1900, where NTP begins, to 1970. */
const ntpToUnixSec = 2_208_988_800;

/** The sender reports of a compound RTCP packet; what isn't whole is left out. */
export function readSenderReports(bytes: Uint8Array): SenderReport[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const reports: SenderReport[] = [];
  let at = 0;
  while (at + 4 <= bytes.length) {
    const length = 4 + 4 * view.getUint16(at + 2);
    if (view.getUint8(at) >> 6 !== 2 || at + length > bytes.length) break;
    if (view.getUint8(at + 1) === senderReportType && length >= senderReportBytes) {
      const seconds = view.getUint32(at + 8) - ntpToUnixSec;
      const ntpMs = (seconds + view.getUint32(at + 12) / 2 ** 32) * 1_000;
      reports.push({ ssrc: view.getUint32(at + 4), ntpMs, timestamp: view.getUint32(at + 16) });
    }
    at += length;
  }
  return reports;
}
