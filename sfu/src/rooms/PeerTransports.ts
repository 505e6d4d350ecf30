import { EventEmitter } from 'node:events';
import { AppError } from '@maydan/common';
import type { IceServer, StageRole } from '@maydan/contracts';
import type { types } from 'mediasoup';
import { asRefusal, found } from './refusal.ts';
import { checkTransport, limits } from './rights.ts';
import type { Direction } from './rights.ts';
import type { RoomRouter } from './RoomRouters.ts';
import type { TransportFactory } from './TransportFactory.ts';

export interface PeerTransportsOptions {
  readonly peerId: string;
  readonly role: StageRole;
  readonly place: RoomRouter;
  readonly factory: TransportFactory;
}

interface PeerTransportsEvents {
  /** DTLS was ended or failed: the client is gone, or this transport of it. */
  dtlsClosed: [transportId: string];
}

interface Owned {
  readonly transport: types.WebRtcTransport | types.PlainTransport;
  readonly direction: Direction;
}
/** What all mediasoup transports' observers have in common. */
interface Closing {
  once(event: 'close', listener: () => void): unknown;
}

/** The transports of a peer, as its role may have them. */
export class PeerTransports extends EventEmitter<PeerTransportsEvents> {
  readonly #options: PeerTransportsOptions;
  readonly #owned = new Map<string, Owned>();
  /** On their way, which count for the limits. */
  #coming = 0;
  #closed = false;

  constructor(options: PeerTransportsOptions) {
    super();
    this.#options = options;
  }

  /** STUN and TURN servers, with credentials for this peer. */
  get iceServers(): IceServer[] {
    return this.#options.factory.iceServers(this.#options.peerId);
  }

  /** Where the node gets ports for what is no WebRTC of a Worker. */
  get portRange(): types.TransportPortRange {
    return this.#options.factory.portRange;
  }

  /** @throws AppError `forbidden` by the role, `conflict` when it has as many as it may have. */
  async createWebRtc(options: { direction: Direction; preferTcp?: boolean }): Promise<types.WebRtcTransport> {
    const { direction, preferTcp = false } = options;
    const { role, factory, place } = this.#options;
    checkTransport(role, 'webrtc', direction);
    const transport = await this.#add(direction, limits.webRtcTransports, () =>
      factory.createWebRtc(place, direction, preferTcp),
    );
    transport.on('dtlsstatechange', (state) => {
      // A client that is gone says so by DTLS; a network that is gone doesn't.
      if (state !== 'closed' && state !== 'failed') return;
      transport.close();
      this.emit('dtlsClosed', transport.id);
    });
    return transport;
  }

  /**
   * RTP and RTCP on one port. `remote` is where a receiving one sends to; a sending one learns it from its first
   * packet. @throws AppError `forbidden`, `conflict`, `validation_failed` without a needed `remote`.
   */
  async createPlain(options: {
    direction: Direction;
    remote: { ip: string; port: number } | null;
  }): Promise<types.PlainTransport> {
    const { direction, remote } = options;
    const { role, factory, place } = this.#options;
    checkTransport(role, 'plain', direction);
    if (direction === 'receive' && remote === null) {
      throw new AppError('validation_failed', 'Where to send to is not said.');
    }
    return this.#add(direction, limits.plainTransports, () =>
      factory.createPlain(place, direction === 'receive' ? remote : null),
    );
  }

  /** @throws AppError `not_found`, `conflict` when it was connected before, `bad_request`. */
  async connect(transportId: string, dtlsParameters: types.DtlsParameters): Promise<void> {
    const transport = this.#webRtc(transportId);
    if (transport.dtlsState !== 'new') throw new AppError('conflict', 'The transport is connected already.');
    await asRefusal(transport.connect({ dtlsParameters }));
  }

  /** New ICE credentials; what the transport carries stays. @throws AppError `not_found`. */
  restartIce(transportId: string): Promise<types.IceParameters> {
    return asRefusal(this.#webRtc(transportId).restartIce());
  }

  /** @throws AppError `not_found`, `conflict` when it is there for the other direction. */
  get(transportId: string, direction: Direction): Owned['transport'] {
    const { transport, direction: own } = found(this.#owned.get(transportId));
    if (own !== direction) throw new AppError('conflict', `This transport is there to ${own}.`);
    return transport;
  }

  /** Also closes what goes over it. @throws AppError `not_found`. */
  close(transportId: string): void {
    found(this.#owned.get(transportId)).transport.close();
  }

  /** For good: none can be made any more. Idempotent. */
  closeAll(): void {
    this.#closed = true;
    for (const { transport } of [...this.#owned.values()]) transport.close();
  }

  /**
   * Bytes that came by connected WebRTC transports over which it receives: reports and consent, as long as somebody is there
   * (RFC 3550 6.2, RFC 7675). Null: none is connected.
   */
  async heard(): Promise<number | null> {
    const connected = [...this.#owned.values()].flatMap(({ transport, direction }) =>
      direction === 'receive' && 'restartIce' in transport && isConnected(transport) ? [transport] : [],
    );
    if (connected.length === 0) return null;
    const stats = await Promise.all(connected.map((transport) => transport.getStats().catch(() => [])));
    return stats.flat().reduce((sum, { bytesReceived }) => sum + bytesReceived, 0);
  }

  #webRtc(transportId: string): types.WebRtcTransport {
    const { transport } = found(this.#owned.get(transportId));
    if (!('restartIce' in transport))
      throw new AppError('conflict', 'A plain transport needs no connecting.');
    return transport;
  }

  async #add<T extends Owned['transport']>(
    direction: Direction,
    limit: number,
    create: () => Promise<T>,
  ): Promise<T> {
    if (this.#closed) throw new AppError('not_found');
    if (this.#owned.size + this.#coming >= limit) {
      throw new AppError('conflict', `A peer has ${limit} transports at most.`);
    }
    this.#coming++;
    try {
      const transport = await create();
      if (this.#closed) {
        transport.close();
        throw new AppError('not_found');
      }
      this.#owned.set(transport.id, { transport, direction });
      const observer: Closing = transport.observer;
      observer.once('close', () => this.#owned.delete(transport.id));
      return transport;
    } finally {
      this.#coming--;
    }
  }
}

function isConnected({ dtlsState, iceState }: types.WebRtcTransport): boolean {
  return dtlsState === 'connected' && (iceState === 'connected' || iceState === 'completed');
}
