import { randomInt } from 'node:crypto';
import type { Buffer } from 'node:buffer';
import { senderReport } from './rtcp.ts';
import { rtpPacket, RtpClock, type HeaderExtension } from './rtpPacket.ts';

export interface RtpStreamOptions {
  readonly payloadType: number;
  readonly clockRateHz: number;
  /** Packets kept to be sent again; 0 for none. */
  readonly history: number;
  /** Random when not given. */
  readonly ssrc?: number;
  readonly firstSequence?: number;
  readonly timestampOffset?: number;
}

/** One outgoing RTP stream: numbers its packets, remembers the newest ones and reports on itself. */
export class RtpStream {
  readonly ssrc: number;
  readonly #payloadType: number;
  readonly #clock: RtpClock;
  readonly #history: (Buffer | undefined)[];
  #sequence: number;
  #packets = 0;
  #bytes = 0;

  constructor(options: RtpStreamOptions) {
    this.ssrc = options.ssrc ?? randomInt(1, 2 ** 32);
    this.#payloadType = options.payloadType;
    this.#clock = new RtpClock(options.clockRateHz, options.timestampOffset ?? randomInt(2 ** 32));
    this.#sequence = options.firstSequence ?? randomInt(2 ** 15);
    this.#history = Array.from({ length: options.history });
  }

  /** Packets of one frame, in order. */
  packets(
    payloads: readonly { payload: Uint8Array; marker: boolean }[],
    timeMs: number,
    extension?: HeaderExtension,
  ): Buffer[] {
    const timestamp = this.#clock.timestamp(timeMs);
    return payloads.map(({ payload, marker }) => this.#packet(payload, { marker, timestamp }, extension));
  }

  /** Null while nothing was sent. `timeMs`: media time of what is captured at `unixMs`. */
  report(unixMs: number, timeMs: number, cname: string): Buffer | null {
    if (this.#packets === 0) return null;
    const timestamp = this.#clock.timestamp(timeMs);
    const state = { ssrc: this.ssrc, timestamp, unixMs, packets: this.#packets, bytes: this.#bytes };
    return senderReport(state, cname);
  }

  /** A packet that was sent, as long as it is remembered. */
  sent(sequence: number): Buffer | undefined {
    const packet = this.#history[sequence % this.#history.length];
    return packet?.readUInt16BE(2) === sequence ? packet : undefined;
  }

  #packet(
    payload: Uint8Array,
    frame: { marker: boolean; timestamp: number },
    extension?: HeaderExtension,
  ): Buffer {
    const sequence = this.#sequence;
    this.#sequence = (sequence + 1) & 0xffff;
    const header = { ...frame, payloadType: this.#payloadType, sequence, ssrc: this.ssrc };
    const packet = rtpPacket(header, payload, extension);
    this.#packets += 1;
    this.#bytes += payload.length;
    if (this.#history.length > 0) this.#history[sequence % this.#history.length] = packet;
    return packet;
  }
}
