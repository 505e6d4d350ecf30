import type { types } from 'mediasoup';
import { RtcLink } from './RtcLink.ts';
import { participantOf, type Participant, type ServerAddress } from './sfuServers.ts';

interface Stream {
  readonly firstSequence: number;
  highest: number;
  received: number;
}

/**
 * A viewer over ICE, DTLS and SRTP that counts the media that arrives; RTP headers are not encrypted. Who reports nothing
 * back is sent probation packets, too (mediasoup, SSRC 1234): those are numbered with gaps and no media.
 */
export class Viewer {
  readonly #participant: Participant;
  readonly #link: RtcLink;
  /** What is consumed, by SSRC. */
  readonly #kinds = new Map<number, string>();
  readonly #streams = new Map<number, Stream>();
  /** From beginning to connect to the first packet of each kind. */
  readonly #firstMs = new Map<string, number>();
  readonly #startedMs: number;

  static async join(router: types.Router, address: ServerAddress): Promise<Viewer> {
    const startedMs = performance.now();
    const participant = await participantOf(address, 'viewer');
    const { rtpCapabilities, producers } = await participant.room();
    const link = await RtcLink.connect(router, participant, 'receive');
    const viewer = new Viewer(participant, link, startedMs);
    link.watch((packet) => viewer.#count(packet));
    for (const { producerId, kind } of producers) {
      const { consumerId, rtpParameters } = await participant.consume(
        link.remoteId,
        producerId,
        rtpCapabilities,
      );
      for (const { ssrc = 0 } of rtpParameters.encodings ?? []) viewer.#kinds.set(ssrc, kind);
      await participant.resume(consumerId);
    }
    return viewer;
  }

  private constructor(participant: Participant, link: RtcLink, startedMs: number) {
    this.#participant = participant;
    this.#link = link;
    this.#startedMs = startedMs;
  }

  /** From beginning to connect to the first packet of sound or picture, whichever came first; null before. */
  get firstMediaMs(): number | null {
    return this.#firstMs.size === 0 ? null : Math.min(...this.#firstMs.values());
  }

  /** To the first packet of the picture, which is one of a key frame; null before. */
  get firstPictureMs(): number | null {
    return this.#firstMs.get('video') ?? null;
  }

  get port(): number {
    return this.#link.port;
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

  /** RFC 5761 4: types 64 to 95 are RTCP. */
  #count(packet: Buffer): void {
    const type = (packet[1] ?? 0) & 0x7f;
    if (packet.length < 12 || (packet[0] ?? 0) >> 6 !== 2 || (type >= 64 && type <= 95)) return;
    const ssrc = packet.readUInt32BE(8);
    const kind = this.#kinds.get(ssrc);
    if (kind === undefined) return;
    if (!this.#firstMs.has(kind)) this.#firstMs.set(kind, performance.now() - this.#startedMs);
    this.#note(ssrc, packet.readUInt16BE(2));
  }

  #note(ssrc: number, sequence: number): void {
    const stream = this.#streams.get(ssrc);
    if (stream === undefined) {
      this.#streams.set(ssrc, { firstSequence: sequence, highest: sequence, received: 1 });
      return;
    }
    // Unwrapped to the number nearest to the highest one.
    const ahead = ((sequence - stream.highest + 0x8000) & 0xffff) - 0x8000;
    stream.highest = Math.max(stream.highest, stream.highest + ahead);
    stream.received += 1;
  }
}
