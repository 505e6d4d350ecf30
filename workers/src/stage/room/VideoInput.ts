import { EventEmitter } from 'node:events';
import type { EncodedPicture } from '../rtp/pictures.ts';
import { PictureAssembler, type VideoCodec } from '../rtp/PictureAssembler.ts';
import { ReorderBuffer, type Ordered } from '../rtp/ReorderBuffer.ts';
import type { RtpListener } from '../rtp/RtpReceiver.ts';
import type { RtpPacket } from '../rtp/rtpPacket.ts';
import type { SenderReport } from '../rtp/senderReport.ts';
import { StreamClock, type NodeClock } from '../rtp/StreamClock.ts';
import type { InputFigures } from './InputStats.ts';
import type { PlayoutDelay } from './PlayoutDelay.ts';

export interface VideoInputEvents {
  /** A whole picture and when it was captured (`performance.now()`). */
  picture: [picture: EncodedPicture, captureMs: number];
}

export interface VideoInputOptions {
  readonly codec: VideoCodec;
  readonly node: NodeClock;
  readonly delay: PlayoutDelay;
  /** Asks the sender for a key frame. */
  readonly askKeyFrame: () => void;
}

const clockRate = 90_000;
/** Long enough for a packet that has to be sent again twice, and soon enough for the usual playout delay. */
const reordering = { patienceMs: 180, mostHeld: 1_000 };
/** The sfu passes one request a second on. */
const askEveryMs = 1_000;

/** The packets of one video producer become whole pictures with their times; what is torn is asked for anew. */
export class VideoInput extends EventEmitter<VideoInputEvents> implements RtpListener {
  readonly codec: VideoCodec;
  readonly #options: VideoInputOptions;
  readonly #clock: StreamClock;
  readonly #reorder = new ReorderBuffer(reordering);
  readonly #assembler: PictureAssembler;
  /** Media time of the pictures whose packets wait, by RTP timestamp. */
  readonly #mediaMs = new Map<number, number>();
  #askedMs = -Infinity;
  #asked = 0;
  #byteLength = 0;
  #pictures = 0;
  #late = 0;
  #keyWanted = false;

  constructor(options: VideoInputOptions) {
    super();
    this.codec = options.codec;
    this.#options = options;
    this.#clock = new StreamClock(options.node, clockRate);
    this.#assembler = new PictureAssembler(options.codec);
  }

  get figures(): InputFigures {
    return {
      packets: this.#reorder.received,
      lost: this.#reorder.lost,
      byteLength: this.#byteLength,
      pictures: this.#pictures,
      latePictures: this.#late,
      droppedPictures: this.#assembler.dropped,
      keyFramesAsked: this.#asked,
    };
  }

  packet(packet: RtpPacket, nowMs: number): void {
    const mediaMs = this.#clock.arrived(packet.timestamp, nowMs);
    this.#mediaMs.set(packet.timestamp, mediaMs);
    this.#byteLength += packet.payload.length;
    this.#options.delay.observe(nowMs - this.#clock.captureMs(mediaMs), nowMs);
    this.#deliver(this.#reorder.push(packet, nowMs), nowMs);
  }

  report(report: SenderReport, nowMs: number): void {
    this.#options.node.heard(report, nowMs);
    this.#clock.reported(report);
  }

  /** To be called now and then: gives up holes, and asks for a key frame while one is needed. */
  tick(nowMs: number): void {
    this.#deliver(this.#reorder.take(nowMs), nowMs);
    if (this.#assembler.needsKeyFrame || this.#keyWanted) this.#ask(nowMs);
  }

  /** From capture until a picture is to be shown; may rise. */
  get delayMs(): number {
    return this.#options.delay.ms;
  }

  /** A picture is ready to be shown: on a busy machine sound has to wait for it, too. */
  decoded(captureMs: number, nowMs: number): void {
    this.#options.delay.observe(nowMs - captureMs, nowMs);
  }

  /** Somebody new wants to decode: a key frame is asked for, until one comes. */
  wantKeyFrame(): void {
    this.#keyWanted = true;
    this.#ask(performance.now());
  }

  #ask(nowMs: number): void {
    if (nowMs - this.#askedMs < askEveryMs) return;
    this.#askedMs = nowMs;
    this.#asked += 1;
    this.#options.askKeyFrame();
  }

  #deliver(packets: readonly Ordered[], nowMs: number): void {
    for (const packet of packets) {
      for (const picture of this.#assembler.push(packet)) this.#tell(picture, nowMs);
    }
    if (this.#assembler.needsKeyFrame && packets.length > 0) this.#ask(nowMs);
    if (this.#mediaMs.size > 500) this.#mediaMs.clear();
  }

  #tell(picture: EncodedPicture, nowMs: number): void {
    const mediaMs = this.#mediaMs.get(picture.timestamp);
    if (mediaMs === undefined) return;
    // A packet that was sent again came after later ones: what is done with is told by its time, not by when it came.
    for (const [timestamp, ofOther] of this.#mediaMs) {
      if (ofOther <= mediaMs) this.#mediaMs.delete(timestamp);
    }
    if (picture.key) this.#keyWanted = false;
    const captureMs = this.#clock.captureMs(mediaMs);
    this.#pictures += 1;
    if (nowMs > captureMs + this.delayMs) this.#late += 1;
    this.emit('picture', picture, captureMs);
  }
}
