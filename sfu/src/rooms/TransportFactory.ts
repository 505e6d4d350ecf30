import type { IceServer } from '@maydan/contracts';
import type { types } from 'mediasoup';
import { iceServersFor } from './iceServers.ts';
import type { IceSettings } from './iceServers.ts';
import { asRefusal } from './refusal.ts';
import type { Direction } from './rights.ts';
import type { RoomRouter } from './RoomRouters.ts';
import type { ListenAddress } from '../workers/PooledWorker.ts';

export interface TransportSettings {
  readonly plainAddress: ListenAddress;
  readonly portRange: types.TransportPortRange;
  readonly ice: IceSettings;
  /** Most that one transport may send to us. */
  readonly maxIncomingBitrateBps: number;
  /** A key frame was asked of a sender. */
  readonly keyFrameSent: () => void;
}

/** Enough for a picture at once; mediasoup's estimate goes on from there. */
const initialOutgoingBitrateBps = 1_000_000;
/** However many receivers ask, a sender is asked for a key frame once in this time. */
const keyFrameIntervalMs = 1_000;
/** A key frame comes within some milliseconds, while the Worker may be busy elsewhere; the system's default holds 100 packets. */
const recvBufferSize = 1_048_576;

/** Makes transports and producers as this node is configured. */
export class TransportFactory {
  readonly #settings: TransportSettings;

  constructor(settings: TransportSettings) {
    this.#settings = settings;
  }

  /** Of what is no WebRTC. */
  get portRange(): types.TransportPortRange {
    return this.#settings.portRange;
  }

  iceServers(peerId: string): IceServer[] {
    return iceServersFor(this.#settings.ice, peerId);
  }

  async createWebRtc(
    { router, worker }: RoomRouter,
    direction: Direction,
    preferTcp: boolean,
  ): Promise<types.WebRtcTransport> {
    const transport = await asRefusal(
      router.createWebRtcTransport({
        webRtcServer: worker.webRtcServer,
        preferUdp: !preferTcp,
        preferTcp,
        initialAvailableOutgoingBitrate: initialOutgoingBitrateBps,
      }),
    );
    if (direction === 'send')
      await asRefusal(transport.setMaxIncomingBitrate(this.#settings.maxIncomingBitrateBps));
    return transport;
  }

  /** `remote` null: whoever sends first (RFC 4961 symmetric RTP). */
  async createPlain(
    { router }: RoomRouter,
    remote: { ip: string; port: number } | null,
  ): Promise<types.PlainTransport> {
    const { plainAddress, portRange } = this.#settings;
    const transport = await asRefusal(
      router.createPlainTransport({
        listenInfo: { protocol: 'udp', ...plainAddress, portRange, recvBufferSize },
        rtcpMux: true,
        comedia: remote === null,
      }),
    );
    if (remote !== null) await asRefusal(transport.connect(remote));
    return transport;
  }

  async produce(
    transport: types.Transport,
    options: { kind: types.MediaKind; rtpParameters: types.RtpParameters; paused: boolean },
  ): Promise<types.Producer> {
    const producer = await transport.produce({ ...options, keyFrameRequestDelay: keyFrameIntervalMs });
    if (producer.kind === 'video') {
      producer.on('trace', ({ direction }) => {
        if (direction === 'out') this.#settings.keyFrameSent();
      });
      await producer.enableTraceEvent(['pli', 'fir']);
    }
    return producer;
  }
}
