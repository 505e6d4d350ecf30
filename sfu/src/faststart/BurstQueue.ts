import type { RtpPacket } from './rtpPacket.ts';

const sliceMs = 5;
/** About 60 Mbit/s: a key frame leaves within some milliseconds, a group of 3 MB within half a second. */
const slicePackets = 32;

/** Sends the packets of a group in slices, and whatever comes meanwhile after them. Who creates it closes it. */
export class BurstQueue {
  readonly #send: (packet: RtpPacket) => void;
  #waiting: RtpPacket[];
  #timer: NodeJS.Timeout | null = null;

  /** The first slice leaves at once. */
  constructor(packets: readonly RtpPacket[], send: (packet: RtpPacket) => void) {
    this.#send = send;
    this.#waiting = [...packets];
    this.#sendSlice();
    if (this.#waiting.length > 0) this.#timer = setInterval(() => this.#sendSlice(), sliceMs);
  }

  push(packet: RtpPacket): void {
    if (this.#waiting.length === 0) this.#send(packet);
    else this.#waiting.push(packet);
  }

  close(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    this.#waiting = [];
  }

  #sendSlice(): void {
    for (const packet of this.#waiting.splice(0, slicePackets)) this.#send(packet);
    if (this.#waiting.length === 0) this.close();
  }
}
