import { opusDurationMs, type OpusTrack, type Sound } from '@maydan/common';
import { PcmTimeline, sampleRateHz } from '../audio/PcmTimeline.ts';
import { ReorderBuffer, type Ordered } from '../rtp/ReorderBuffer.ts';
import type { RtpListener } from '../rtp/RtpReceiver.ts';
import type { RtpPacket } from '../rtp/rtpPacket.ts';
import type { SenderReport } from '../rtp/senderReport.ts';
import { StreamClock, type NodeClock } from '../rtp/StreamClock.ts';
import { noFigures, type InputFigures } from './InputStats.ts';
import type { PlayoutDelay } from './PlayoutDelay.ts';

const reordering = { patienceMs: 100, mostHeld: 100 };
const millisecondsPerSample = 1_000 / sampleRateHz;
/** Longer losses are silence: what is made up for so long is heard as such. */
const longestConcealedMs = 120;

/** The packets of one audio producer become sound on the playout clock. */
export class SoundInput implements RtpListener {
  readonly timeline = new PcmTimeline();
  readonly #opus: OpusTrack;
  readonly #node: NodeClock;
  readonly #delay: PlayoutDelay;
  readonly #clock: StreamClock;
  readonly #reorder = new ReorderBuffer(reordering);
  #byteLength = 0;
  #isClosed = false;
  /** Length of the last packet, by which a lost one is guessed. */
  #packetMs = 20;
  /** Where the sound decoded so far ends, on the media's own line. */
  #endMs: number | null = null;
  readonly #mediaMs = new Map<number, number>();

  constructor(opus: OpusTrack, node: NodeClock, delay: PlayoutDelay) {
    this.#opus = opus;
    this.#node = node;
    this.#delay = delay;
    this.#clock = new StreamClock(node, sampleRateHz);
  }

  get figures(): InputFigures {
    const { received: packets, lost } = this.#reorder;
    return { ...noFigures, packets, lost, byteLength: this.#byteLength };
  }

  packet(packet: RtpPacket, nowMs: number): void {
    const mediaMs = this.#clock.arrived(packet.timestamp, nowMs);
    this.#mediaMs.set(packet.timestamp, mediaMs);
    this.#byteLength += packet.payload.length;
    this.#delay.observe(nowMs - this.#clock.captureMs(mediaMs), nowMs);
    this.#deliver(this.#reorder.push(packet, nowMs));
  }

  report(report: SenderReport, nowMs: number): void {
    this.#node.heard(report, nowMs);
    this.#clock.reported(report);
  }

  /** To be called now and then: gives up holes. */
  tick(nowMs: number): void {
    this.#deliver(this.#reorder.take(nowMs));
  }

  close(): void {
    if (!this.#isClosed) this.#opus.close();
    this.#isClosed = true;
  }

  #deliver(packets: readonly Ordered[]): void {
    for (const { packet, lostBefore } of packets) {
      const mediaMs = this.#mediaMs.get(packet.timestamp);
      this.#mediaMs.delete(packet.timestamp);
      if (mediaMs === undefined || this.#isClosed) continue;
      const holeMs = this.#endMs === null ? 0 : mediaMs - this.#endMs;
      if (holeMs > 0) this.#bridge(mediaMs - holeMs, holeMs, lostBefore > 0);
      this.#decode(packet.payload, mediaMs);
    }
    if (this.#mediaMs.size > 500) this.#mediaMs.clear();
  }

  #decode(payload: Uint8Array, mediaMs: number): void {
    const sound = this.#opus.decode(payload);
    this.#packetMs = opusDurationMs(payload) ?? this.#packetMs;
    this.#endMs = mediaMs + this.#packetMs;
    if (sound !== null) this.#write(sound, mediaMs);
  }

  /** Without a loss a hole is a pause of the sender (DTX), and silent. */
  #bridge(mediaMs: number, durationMs: number, isLoss: boolean): void {
    const sound = isLoss && durationMs <= longestConcealedMs ? this.#opus.conceal(durationMs) : null;
    if (sound !== null) this.#write(sound, mediaMs);
    else this.timeline.skip(Math.round(durationMs / millisecondsPerSample));
  }

  #write({ left, right }: Sound, mediaMs: number): void {
    const dueMs = this.#clock.captureMs(mediaMs) + this.#delay.ms;
    this.timeline.write(dueMs / millisecondsPerSample, left, right);
  }
}
