import type { types } from 'mediasoup';
import { RtcLink } from './RtcLink.ts';
import { participantOf, type Participant, type ServerAddress } from './sfuServers.ts';

interface Stream {
  readonly firstSequence: number;
  highest: number;
  received: number;
}

/** A viewer over ICE, DTLS and SRTP that counts what arrives; RTP headers are not encrypted. */
export class Viewer {
  readonly #participant: Participant;
  readonly #link: RtcLink;
  readonly #streams = new Map<number, Stream>();
  /** From beginning to connect to the first media packet; null before. */
  firstMediaMs: number | null = null;

  static async join(router: types.Router, address: ServerAddress): Promise<Viewer> {
    const startedMs = performance.now();
    const participant = await participantOf(address, 'viewer');
    const { rtpCapabilities, producers } = await participant.room();
    const link = await RtcLink.connect(router, participant, 'receive');
    const viewer = new Viewer(participant, link);
    link.watch((packet) => {
      if (viewer.#count(packet)) viewer.firstMediaMs ??= performance.now() - startedMs;
    });
    for (const { producerId } of producers) {
      const { consumerId } = await participant.consume(link.remoteId, producerId, rtpCapabilities);
      await participant.resume(consumerId);
    }
    return viewer;
  }

  private constructor(participant: Participant, link: RtcLink) {
    this.#participant = participant;
    this.#link = link;
  }

  get received(): number {
    return [...this.#streams.values()].reduce((sum, { received }) => sum + received, 0);
  }

  /** Packets of which a later one has arrived. */
  get lost(): number {
    return [...this.#streams.values()].reduce(
      (sum, { firstSequence, highest, received }) => sum + highest - firstSequence + 1 - received,
      0,
    );
  }

  /** Forgets what was counted. */
  reset(): void {
    this.#streams.clear();
  }

  close(): void {
    this.#link.close();
    this.#participant.close();
  }

  /** RFC 5761 4: types 64 to 95 are RTCP. False for what isn't media. */
  #count(packet: Buffer): boolean {
    const type = (packet[1] ?? 0) & 0x7f;
    if (packet.length < 12 || (packet[0] ?? 0) >> 6 !== 2 || (type >= 64 && type <= 95)) return false;
    const ssrc = packet.readUInt32BE(8);
    const sequence = packet.readUInt16BE(2);
    const stream = this.#streams.get(ssrc);
    if (stream === undefined) {
      this.#streams.set(ssrc, { firstSequence: sequence, highest: sequence, received: 1 });
      return true;
    }
    // Unwrapped to the number nearest to the highest one.
    const ahead = ((sequence - stream.highest + 0x8000) & 0xffff) - 0x8000;
    stream.highest = Math.max(stream.highest, stream.highest + ahead);
    stream.received += 1;
    return true;
  }
}
