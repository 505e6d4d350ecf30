import type { Buffer } from 'node:buffer';
import { EventEmitter } from 'node:events';
import { audioLevelByte, audioLevelUri, type Logger } from '@maydan/common';
import type { LeaveReason, MediaKind, SignalingInput } from '@maydan/contracts';
import { SfuClient, type SfuClientOptions } from '../sfu/SfuClient.ts';
import { PlainSender } from './PlainSender.ts';
import { ingressCodec } from './rtp/ingressCodecs.ts';
import { packetizeH264 } from './rtp/packetizeH264.ts';
import { readNacks } from './rtp/rtcp.ts';
import { RtpStream } from './rtp/RtpStream.ts';

export interface IngressPeerEvents {
  /** How many watch by WebRTC on this node. */
  audience: [viewers: number];
  /** The room takes media of this kind from now on. */
  producing: [kind: MediaKind];
  /** Last event, comes once. */
  closed: [reason: LeaveReason];
}

/** Of RTP payload: with all headers of UDP and SRTP a packet stays below the smallest path that counts. */
const maxPayloadBytes = 1_180;
const reportMs = 1_000;
/** After a refusal. */
const retry = { firstMs: 200, longestMs: 5_000 };
/** The sfu needs three reports to know our clock, so that the first ones come quickly. */
const firstReportsMs = [0, 100, 200];
const keptVideoPackets = 1_024;

interface SentStream {
  readonly stream: RtpStream;
  readonly producerId: string;
  readonly levelId: number | null;
}

/** The RTMP source as a peer in its room: one plain transport, one producer for picture and one for sound. */
export class IngressPeer extends EventEmitter<IngressPeerEvents> {
  readonly #client: SfuClient;
  readonly #transportId: string;
  readonly #sender: PlainSender;
  readonly #cname: string;
  readonly #log: Logger;
  readonly #captureMs: () => number | null;
  readonly #streams = new Map<MediaKind, SentStream>();
  readonly #coming = new Set<MediaKind>();
  readonly #refused = new Map<MediaKind, { notBeforeMs: number; delayMs: number }>();
  readonly #timers: NodeJS.Timeout[] = [];
  #viewers: number;

  /**
   * Joins and opens the way for media. `captureMs`: media time that is captured now, null while unknown.
   * @throws AppError as `SfuClient.join`.
   */
  static async join(options: SfuClientOptions, captureMs: () => number | null): Promise<IngressPeer> {
    const client = await SfuClient.join(options);
    let viewers = 0;
    client.on('room.audience', (told) => (viewers = told.viewers));
    try {
      const transport = await client.request('transport.createPlain', { direction: 'send', remote: null });
      let peer: IngressPeer | null = null;
      const sender = await PlainSender.open(transport, (packet) => peer?.resend(packet));
      const { transportId } = transport;
      const { log } = options;
      peer = new IngressPeer({ client, transportId, sender, captureMs, viewers, log });
      return peer;
    } catch (error) {
      await client.leave();
      throw error;
    }
  }

  private constructor(parts: {
    client: SfuClient;
    transportId: string;
    sender: PlainSender;
    captureMs: () => number | null;
    viewers: number;
    log: Logger;
  }) {
    super();
    this.#client = parts.client;
    this.#transportId = parts.transportId;
    this.#sender = parts.sender;
    this.#captureMs = parts.captureMs;
    this.#log = parts.log;
    this.#cname = `maydan-${parts.client.peerId}`;
    this.#viewers = parts.viewers;
    this.#client.on('room.audience', ({ viewers }) => {
      this.#viewers = viewers;
      this.emit('audience', viewers);
    });
    this.#client.once('closed', (reason) => this.#onClosed(reason));
    this.#timers.push(setInterval(() => this.#report(), reportMs));
  }

  /** How many watch by WebRTC on this node. */
  get viewers(): number {
    return this.#viewers;
  }

  /** Sends one access unit. False: there is no producer for it yet. */
  sendPicture(units: readonly Uint8Array[], parameterSets: readonly Uint8Array[], timeMs: number): boolean {
    const video = this.#streams.get('video');
    if (video === undefined) return false;
    this.#sender.send(video.stream.packets(packetizeH264(units, parameterSets, maxPayloadBytes), timeMs));
    return true;
  }

  /**
   * Sends one Opus frame (RFC 7587 4.2: one per packet; the marker means speech after silence and is not used). `level`
   * is how loud it is (RFC 6464), which makes the source one of those who speak in the room; null: unknown.
   */
  sendSound(frame: Uint8Array, timeMs: number, level: number | null): boolean {
    const audio = this.#streams.get('audio');
    if (audio === undefined) return false;
    const { stream, levelId } = audio;
    const extension =
      level === null || levelId === null ? undefined : { id: levelId, value: audioLevelByte(level) };
    const [packet] = stream.packets([{ payload: frame, marker: false }], timeMs, extension);
    if (packet !== undefined) this.#sender.sendAtOnce(packet);
    return true;
  }

  /** Sees to a producer of this kind; what can't be had now is tried again by a later call, more and more rarely. */
  offer(kind: MediaKind): void {
    if (this.#streams.has(kind) || this.#coming.has(kind) || this.#client.isClosed) return;
    if (Date.now() < (this.#refused.get(kind)?.notBeforeMs ?? 0)) return;
    this.#coming.add(kind);
    this.#produce(kind)
      .then(() => this.#refused.delete(kind))
      .catch((error: unknown) => this.#onRefused(kind, error))
      .finally(() => this.#coming.delete(kind));
  }

  /** The source has no media of this kind any more. */
  withdraw(kind: MediaKind): void {
    const known = this.#streams.get(kind);
    if (known === undefined) return;
    this.#streams.delete(kind);
    this.#client.request('producer.close', { producerId: known.producerId }).catch(() => undefined);
  }

  /** Leaves the room; `closed` follows. Idempotent. */
  async leave(): Promise<void> {
    await this.#client.leave();
  }

  async #produce(kind: MediaKind): Promise<void> {
    const chosen = ingressCodec(kind, this.#client.room.rtpCapabilities);
    const { codec, clockRateHz, payloadType, source, levelId } = chosen;
    const history = kind === 'video' ? keptVideoPackets : 0;
    const stream = new RtpStream({ payloadType, clockRateHz, history });
    const rtpParameters: SignalingInput<'producer.create'>['rtpParameters'] = {
      codecs: [codec],
      encodings: [{ ssrc: stream.ssrc }],
      headerExtensions: levelId === null ? [] : [{ uri: audioLevelUri, id: levelId }],
      rtcp: { cname: this.#cname, reducedSize: false },
    };
    const transportId = this.#transportId;
    const made = await this.#client.request('producer.create', { transportId, kind, source, rtpParameters });
    this.#streams.set(kind, { stream, producerId: made.producerId, levelId });
    this.emit('producing', kind);
    for (const delayMs of firstReportsMs) {
      this.#timers.push(setTimeout(() => this.#report(), delayMs));
    }
  }

  #onRefused(kind: MediaKind, error: unknown): void {
    const delayMs = this.#refused.get(kind)?.delayMs ?? retry.firstMs;
    this.#log.warn({ err: error, kind, delayMs }, 'the sfu takes no producer');
    const next = Math.min(retry.longestMs, 2 * delayMs);
    this.#refused.set(kind, { notBeforeMs: Date.now() + delayMs, delayMs: next });
  }

  #report(): void {
    const timeMs = this.#captureMs();
    if (timeMs === null) return;
    const unixMs = Date.now();
    for (const { stream } of this.#streams.values()) {
      const report = stream.report(unixMs, timeMs, this.#cname);
      if (report !== null) this.#sender.sendAtOnce(report);
    }
  }

  /** What was lost on the way to the sfu is sent again; all else that it reports is of no use to us. */
  private resend(rtcp: Buffer): void {
    const video = this.#streams.get('video');
    for (const { ssrc, sequences } of readNacks(rtcp)) {
      if (video?.stream.ssrc !== ssrc) continue;
      for (const sequence of sequences) {
        const packet = video.stream.sent(sequence);
        if (packet !== undefined) this.#sender.sendAtOnce(packet);
      }
    }
  }

  #onClosed(reason: LeaveReason): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#sender.close();
    this.#streams.clear();
    this.emit('closed', reason);
  }
}
