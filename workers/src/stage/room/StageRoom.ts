import { EventEmitter } from 'node:events';
import { OpusTrack, type Logger } from '@maydan/common';
import {
  onStageRoles,
  type LeaveReason,
  type MediaSource,
  type PeerInfo,
  type ProducerInfo,
} from '@maydan/contracts';
import { SfuClient, type JoinedRoom, type SfuClientOptions } from '../../sfu/SfuClient.ts';
import { videoCodecOf } from '../rtp/PictureAssembler.ts';
import { addressTowards } from '../rtp/addressTowards.ts';
import { RtpReceiver, type RtpListener, type RtpPort } from '../rtp/RtpReceiver.ts';
import { NodeClock } from '../rtp/StreamClock.ts';
import { consumerCapabilities } from './consumerCapabilities.ts';
import { PlayoutDelay } from './PlayoutDelay.ts';
import { SoundInput } from './SoundInput.ts';
import { VideoInput } from './VideoInput.ts';

/** A track of somebody on stage. */
export interface StageTrack {
  readonly producerId: string;
  readonly peerId: string;
  readonly source: MediaSource;
  readonly input: VideoInput | SoundInput;
  /** The sender chooses among layers of different size by the network's state. */
  readonly hasLayers: boolean;
  /** Muted or switched off by its owner or the host. */
  isPaused: boolean;
  /** Tells the sfu how large the picture is shown. */
  setSize(width: number, height: number): void;
}

export interface StageRoomEvents {
  /** Somebody came or went, or a track did, or was paused or resumed. */
  changed: [];
  /** Last event, comes once. */
  closed: [reason: LeaveReason];
}

interface OpenTrack {
  readonly track: StageTrack;
  readonly port: RtpPort;
  readonly transportId: string;
  readonly consumerId: string;
}

const tickMs = 40;
/** A busy sfu may take longer to answer than it is waited for. */
const retryMs = 1_000;

/** Our peer in the room of a session: receives every track of those on stage, as long as it lasts. */
export class StageRoom extends EventEmitter<StageRoomEvents> {
  readonly #client: SfuClient;
  readonly #log: Logger;
  readonly #address: string;
  readonly #receiver: RtpReceiver;
  readonly #node = new NodeClock();
  readonly #peers = new Map<string, PeerInfo>();
  readonly #producers = new Map<string, ProducerInfo>();
  readonly #tracks = new Map<string, OpenTrack>();
  readonly #opening = new Set<string>();
  readonly #delays = new Map<string, PlayoutDelay>();
  readonly #timer: NodeJS.Timeout;
  #isClosed = false;

  /** @throws AppError as `SfuClient.join`. `rtpAddress`: where the sfu sends to; null: found out. */
  static async join(options: SfuClientOptions, rtpAddress: string | null): Promise<StageRoom> {
    const client = await SfuClient.join({ ...options, holdsEvents: true });
    try {
      const { hostname, port } = new URL(client.node.internalUrl);
      const address = rtpAddress ?? (await addressTowards(hostname, Number(port) || 80));
      return new StageRoom(client, address, options.log);
    } catch (error) {
      await client.leave();
      throw error;
    }
  }

  private constructor(client: SfuClient, address: string, log: Logger) {
    super();
    this.#client = client;
    this.#address = address;
    this.#receiver = new RtpReceiver(address);
    // Whoever keeps us here joins again.
    this.#receiver.once('failed', (reason) => {
      this.#log.error({ reason }, 'the receiver of the stage failed');
      void this.#leave('lost');
    });
    this.#log = log;
    client.on('peer.joined', ({ peer }) => this.#change(() => this.#peers.set(peer.peerId, peer)));
    client.on('peer.left', ({ peerId }) => this.#change(() => this.#forgetPeer(peerId)));
    client.on('producer.added', ({ producer }) => this.#change(() => this.#add(producer)));
    client.on('producer.changed', ({ producerId, pausedBy }) =>
      this.#change(() => this.#setPaused(producerId, pausedBy)),
    );
    client.on('producer.removed', ({ producerId }) => this.#change(() => this.#remove(producerId)));
    client.on('resumed', (room) => this.#change(() => this.#synchronise(room)));
    client.once('closed', (reason) => this.#onClosed(reason));
    this.#timer = setInterval(() => this.#tick(), tickMs);
    this.#synchronise(client.room);
    // Not before whoever awaits `join` has its listeners in place.
    setImmediate(() => {
      client.deliver();
      if (client.isClosed) this.#onClosed('lost');
    });
  }

  get nodeId(): string {
    return this.#client.node.nodeId;
  }

  /** Those on stage, in the order in which the sfu told them, the host first. */
  get people(): readonly PeerInfo[] {
    const onStage = [...this.#peers.values()].filter(({ role }) => onStageRoles.includes(role));
    return onStage.toSorted((a, b) => Number(b.role === 'host') - Number(a.role === 'host'));
  }

  /** Tracks that are received. */
  get tracks(): readonly StageTrack[] {
    return [...this.#tracks.values()].map(({ track }) => track);
  }

  /** Leaves at once. Idempotent. */
  async close(): Promise<void> {
    await this.#leave('left');
  }

  async #leave(reason: LeaveReason): Promise<void> {
    this.#onClosed(reason);
    await Promise.all([this.#client.leave(), this.#receiver.close()]);
  }

  #change(apply: () => void): void {
    if (this.#isClosed) return;
    apply();
    this.emit('changed');
  }

  #synchronise(room: JoinedRoom): void {
    this.#peers.clear();
    for (const peer of room.peers) this.#peers.set(peer.peerId, peer);
    const present = new Set(room.producers.map(({ producerId }) => producerId));
    for (const producerId of this.#producers.keys()) if (!present.has(producerId)) this.#remove(producerId);
    for (const producer of room.producers) this.#add(producer);
  }

  #forgetPeer(peerId: string): void {
    this.#peers.delete(peerId);
    this.#delays.delete(peerId);
    for (const producer of this.#producers.values()) {
      if (producer.peerId === peerId) this.#remove(producer.producerId);
    }
  }

  #add(producer: ProducerInfo): void {
    this.#producers.set(producer.producerId, producer);
    this.#setPaused(producer.producerId, producer.pausedBy);
    if (this.#tracks.has(producer.producerId) || this.#opening.has(producer.producerId)) return;
    if (!canDecode(producer)) return;
    this.#opening.add(producer.producerId);
    this.#open(producer)
      .then(
        () => true,
        (error: unknown) => {
          // Gone before it could be received is no news.
          const isWanted = this.#producers.has(producer.producerId) && !this.#isClosed;
          if (isWanted)
            this.#log.warn({ err: error, producer }, 'a track of the stage can not be received yet');
          return !isWanted;
        },
      )
      .then((isDone) => {
        this.#opening.delete(producer.producerId);
        if (!isDone) setTimeout(() => this.#addAgain(producer.producerId), retryMs).unref();
      })
      .catch((error: unknown) => this.#log.error({ err: error }, 'a track of the stage is left out'));
  }

  #addAgain(producerId: string): void {
    const producer = this.#producers.get(producerId);
    if (producer !== undefined && !this.#isClosed) this.#add(producer);
  }

  #setPaused(producerId: string, pausedBy: ProducerInfo['pausedBy']): void {
    const producer = this.#producers.get(producerId);
    if (producer !== undefined) this.#producers.set(producerId, { ...producer, pausedBy });
    const open = this.#tracks.get(producerId);
    if (open !== undefined) open.track.isPaused = pausedBy !== null;
  }

  #remove(producerId: string): void {
    this.#producers.delete(producerId);
    const open = this.#tracks.get(producerId);
    if (open === undefined) return;
    this.#tracks.delete(producerId);
    this.#release(open);
    this.#client.request('transport.close', { transportId: open.transportId }).catch(() => undefined);
  }

  async #open(producer: ProducerInfo): Promise<void> {
    const { producerId, peerId } = producer;
    const delay = this.#delays.get(peerId) ?? new PlayoutDelay();
    this.#delays.set(peerId, delay);
    let consumerId = '';
    const askKeyFrame = (): void =>
      void this.#client.request('consumer.requestKeyFrame', { consumerId }).catch(() => undefined);
    const input = await makeInput(producer, this.#node, delay, askKeyFrame);
    if (input === null) throw new Error(`no decoder for ${producer.codec}`);
    let [port, transportId]: [RtpPort | null, string | null] = [null, null];
    try {
      port = await this.#receiver.open(input);
      const remote = { ip: this.#address, port: port.port };
      ({ transportId } = await this.#client.request('transport.createPlain', {
        direction: 'receive',
        remote,
      }));
      const rtpCapabilities = consumerCapabilities(this.#client.room.rtpCapabilities);
      const consumer = await this.#client.request('consumer.create', {
        transportId,
        producerId,
        rtpCapabilities,
      });
      consumerId = consumer.consumerId;
      await this.#client.request('consumer.resume', { consumerId });
      const open = { port, transportId, consumerId, track: this.#trackOf(producer, input, consumer) };
      if (this.#isClosed || !this.#producers.has(producerId)) throw new Error('gone meanwhile');
      this.#tracks.set(producerId, open);
      this.emit('changed');
    } catch (error) {
      port?.close();
      if (input instanceof SoundInput) input.close();
      if (transportId !== null)
        this.#client.request('transport.close', { transportId }).catch(() => undefined);
      throw error;
    }
  }

  #trackOf(
    { producerId, peerId, source }: ProducerInfo,
    input: VideoInput | SoundInput,
    { consumerId, type }: { consumerId: string; type: string },
  ): StageTrack {
    const setSize = (width: number, height: number): void =>
      void this.#client.request('consumer.setSize', { consumerId, width, height }).catch(() => undefined);
    const isPaused = (this.#producers.get(producerId)?.pausedBy ?? null) !== null;
    const hasLayers = type === 'simulcast' || type === 'svc';
    return { producerId, peerId, source, input, hasLayers, isPaused, setSize };
  }

  #tick(): void {
    const nowMs = performance.now();
    for (const { track } of this.#tracks.values()) track.input.tick(nowMs);
  }

  #release({ port, track }: OpenTrack): void {
    port.close();
    if (track.input instanceof SoundInput) track.input.close();
    else track.input.removeAllListeners();
  }

  #onClosed(reason: LeaveReason): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearInterval(this.#timer);
    void this.#receiver.close();
    for (const open of this.#tracks.values()) this.#release(open);
    this.#tracks.clear();
    this.emit('closed', reason);
  }
}

const canDecode = ({ kind, codec }: ProducerInfo): boolean =>
  kind === 'audio' || videoCodecOf(codec) !== null;

/** Null for a codec nobody here can decode. */
async function makeInput(
  { kind, codec: mimeType }: ProducerInfo,
  node: NodeClock,
  delay: PlayoutDelay,
  askKeyFrame: () => void,
): Promise<((VideoInput | SoundInput) & RtpListener) | null> {
  if (kind === 'audio') return new SoundInput(await OpusTrack.create(), node, delay);
  const codec = videoCodecOf(mimeType);
  return codec === null ? null : new VideoInput({ codec, node, delay, askKeyFrame });
}
