import { randomInt } from 'node:crypto';
import type { types } from 'mediasoup';
import { BurstQueue } from './BurstQueue.ts';
import { compress } from './compress.ts';
import { writeSenderReport, type ClockPoint } from './StreamClock.ts';
import { writeRtp, type RtpPacket } from './rtpPacket.ts';

/** What the cohort takes from the stream it follows. */
export interface CohortSource {
  /** The running group; null while there is none. */
  readonly group: () => readonly RtpPacket[] | null;
  /** The clock of the stream at this moment; null while unknown. */
  readonly clock: () => ClockPoint | null;
}

export interface CohortOptions {
  readonly router: types.Router;
  /** What it stands in for: codec, CNAME and pauses are taken over from it. */
  readonly producer: types.Producer;
  readonly source: CohortSource;
  /** Once the first is ready, the others are waited for at most this long. */
  readonly gatherMs: number;
  readonly onClosed: () => void;
}

interface Member {
  isReady: boolean;
}
type ReceivingTransport = types.WebRtcTransport | types.PlainTransport | types.PipeTransport;

/** mediasoup knows a sender's clock after three reports (RemoteClockOffsetEstimator). */
const firstReports = 3;

/**
 * Viewers who joined in the middle of a group of pictures at about the same time: a producer of their own, on which the
 * group is sent from its key frame on, and then what follows. Ends with its last consumer or with the stream.
 */
export class Cohort {
  readonly producer: types.Producer;
  readonly #transport: types.DirectTransport;
  readonly #options: CohortOptions;
  readonly #ssrc: number;
  readonly #payloadType: number;
  readonly #members = new Map<string, Member>();
  #expected = 0;
  /** Added to the sequence numbers of the stream, so that what comes late or never does so here, too. */
  readonly #sequenceShift = randomInt(2 ** 16);
  #queue: BurstQueue | null = null;
  /** Its members are ready, but the group isn't whole. */
  #isWaiting = false;
  #gathering: NodeJS.Timeout | null = null;
  #closed = false;

  static async create(options: CohortOptions): Promise<Cohort> {
    const { router, producer: followed } = options;
    const transport = await router.createDirectTransport();
    try {
      const [codec] = followed.rtpParameters.codecs;
      if (codec === undefined) throw new Error('A producer without a codec.');
      const ssrc = randomInt(1, 2 ** 32);
      const { cname } = followed.rtpParameters.rtcp ?? {};
      const producer = await transport.produce({
        kind: 'video',
        paused: followed.paused,
        rtpParameters: {
          codecs: [codec],
          encodings: [{ ssrc }],
          ...(cname === undefined ? {} : { rtcp: { cname } }),
        },
      });
      return new Cohort(options, transport, producer, { ssrc, payloadType: codec.payloadType });
    } catch (error) {
      transport.close();
      throw error;
    }
  }

  private constructor(
    options: CohortOptions,
    transport: types.DirectTransport,
    producer: types.Producer,
    numbers: { ssrc: number; payloadType: number },
  ) {
    this.#options = options;
    this.#transport = transport;
    this.producer = producer;
    this.#ssrc = numbers.ssrc;
    this.#payloadType = numbers.payloadType;
    const { observer } = options.producer;
    observer.on('pause', this.#pause);
    observer.on('resume', this.#resume);
    producer.observer.once('close', () => this.close());
  }

  get routerId(): string {
    return this.#options.router.id;
  }

  /** Another viewer may still join. */
  get isOpen(): boolean {
    return !this.#closed && this.#queue === null && !this.#isWaiting;
  }

  get size(): number {
    return this.#members.size;
  }

  /** Somebody is about to join: the cohort waits for its consumer, or for `absent`. */
  expect(): void {
    this.#expected += 1;
  }

  /** Who was expected doesn't come. */
  absent(): void {
    this.#expected -= 1;
    this.#look();
  }

  /** Takes a consumer of `producer` that was expected; it is ready when it is resumed and its transport is connected. */
  join(consumer: types.Consumer, transport: ReceivingTransport): void {
    this.#expected -= 1;
    const member: Member = { isReady: false };
    this.#members.set(consumer.id, member);
    const look = (): void => {
      member.isReady ||= !consumer.paused && isConnected(transport);
      this.#look();
    };
    consumer.observer.on('resume', look);
    if ('dtlsState' in transport) transport.observer.on('dtlsstatechange', look);
    consumer.observer.once('close', () => {
      if ('dtlsState' in transport) transport.observer.off('dtlsstatechange', look);
      this.#members.delete(consumer.id);
      this.#look();
    });
    look();
  }

  /** A packet of the stream, after it was put into the group. */
  follow(packet: RtpPacket): void {
    if (this.#queue !== null) this.#queue.push(packet);
    else if (this.#isWaiting) this.#begin();
  }

  /** The stream's clock was told anew. */
  report(): void {
    const clock = this.#options.source.clock();
    if (clock !== null && this.#queue !== null) this.#sendReport(clock);
  }

  /** Idempotent; also closes its consumers. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    const { observer } = this.#options.producer;
    observer.off('pause', this.#pause);
    observer.off('resume', this.#resume);
    if (this.#gathering !== null) clearTimeout(this.#gathering);
    this.#queue?.close();
    this.#transport.close();
    this.#options.onClosed();
  }

  readonly #pause = (): void => void this.producer.pause().catch(() => undefined);
  readonly #resume = (): void => void this.producer.resume().catch(() => undefined);

  /** Begins when all are ready, or soon after the first one is; ends when nobody is left. */
  #look(): void {
    if (this.#closed) return;
    if (this.#members.size === 0 && this.#expected === 0) return this.close();
    if (!this.isOpen) return;
    const members = [...this.#members.values()];
    const ready = members.filter(({ isReady }) => isReady).length;
    if (ready === 0) return;
    const { gatherMs } = this.#options;
    if (gatherMs === 0 && this.#expected === 0 && ready === members.length) this.#start();
    else this.#gathering ??= setTimeout(() => this.#start(), Math.max(gatherMs, leastGatherMs));
  }

  #start(): void {
    if (this.#closed || !this.isOpen) return;
    this.#isWaiting = true;
    this.#begin();
  }

  /** A lost packet of the group comes again within moments; else the next group is waited for. */
  #begin(): void {
    const group = this.#options.source.group();
    if (group === null) return;
    const packets = compress(group);
    this.#queue = new BurstQueue(packets, (packet) => this.#send(packet));
    for (let count = 0; count < firstReports; count += 1) this.report();
  }

  #send(packet: RtpPacket): void {
    if (this.#closed) return;
    const { timestamp } = packet;
    const sequence = packet.sequence + this.#sequenceShift;
    const numbers = { payloadType: this.#payloadType, ssrc: this.#ssrc, sequence, timestamp };
    this.producer.send(writeRtp(packet, numbers));
  }

  #sendReport(clock: ClockPoint): void {
    if (!this.#closed) this.#transport.sendRtcp(writeSenderReport(clock, this.#ssrc));
  }
}

/** Who has not resumed this long after the first one waits for the next key frame. */
const leastGatherMs = 250;

/** A plain or pipe transport sends from the start. */
function isConnected(transport: ReceivingTransport): boolean {
  return !('dtlsState' in transport) || transport.dtlsState === 'connected';
}
