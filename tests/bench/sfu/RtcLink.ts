import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import type { types } from 'mediasoup';
import { bindingRequest, isStun } from '../../../sfu/src/ice/stun.ts';
import type { Participant, RemoteTransport } from './sfuServers.ts';

const consentMs = 5_000;
const knockMs = 250;
const deadlineMs = 20_000;

/**
 * A connection with an sfu over ICE and DTLS, in which a transport of a mediasoup Worker of ours plays the client: neither
 * side begins ICE, so we do it for both, and pass everything else on.
 */
export class RtcLink {
  readonly transport: types.WebRtcTransport;
  readonly #remote: RemoteTransport;
  readonly #near: Socket;
  readonly #far: Socket;
  #timer: NodeJS.Timeout | null = null;
  /** What our end began DTLS with. */
  #hello: Buffer | null = null;
  /** Called for each request for a key frame that the sfu sends. */
  onKeyFrameAsked: (() => void) | null = null;

  static async connect(
    router: types.Router,
    participant: Pick<Participant, 'transport' | 'connect'>,
    direction: 'send' | 'receive',
  ): Promise<RtcLink> {
    const remote = await participant.transport(direction);
    const transport = await router.createWebRtcTransport({
      listenInfos: [{ protocol: 'udp', ip: '127.0.0.1' }],
      iceConsentTimeout: 0,
    });
    const link = new RtcLink(transport, remote, await bindSocket(), await bindSocket());
    const [, remotePort] = link.#remoteAddress();
    const localPort = transport.iceCandidates[0]?.port ?? 0;
    link.#far.on('message', (packet) => {
      if (asksForKeyFrame(packet)) link.onKeyFrameAsked?.();
      if (!isStun(packet)) link.#near.send(packet, localPort, '127.0.0.1');
    });
    link.#near.on('message', (packet) => isStun(packet) || link.#fromNear(packet));
    await transport.connect({ dtlsParameters: { ...remote.dtlsParameters, role: 'server' } });
    await participant.connect(remote.transportId, { ...transport.dtlsParameters, role: 'client' });
    link.#knock();
    link.#timer = setInterval(() => link.#knock(), knockMs);
    try {
      await connected(transport, remotePort);
    } catch (error) {
      link.close();
      throw error;
    }
    clearInterval(link.#timer);
    link.#timer = setInterval(() => link.#consent(), consentMs);
    return link;
  }

  private constructor(transport: types.WebRtcTransport, remote: RemoteTransport, near: Socket, far: Socket) {
    this.transport = transport;
    this.#remote = remote;
    this.#near = near;
    this.#far = far;
  }

  /** The sfu's own transport at the other end. */
  get remoteId(): string {
    return this.#remote.transportId;
  }

  /** Where the sfu sends to. */
  get port(): number {
    return this.#far.address().port;
  }

  /** From now on what the sfu sends is only looked at; our own transport is no longer needed. */
  watch(onPacket: (packet: Buffer) => void): void {
    this.#far.removeAllListeners('message');
    // Its goodbye must not reach the sfu.
    this.#near.removeAllListeners('message');
    this.#far.on('message', (packet) => {
      if (!isStun(packet)) onPacket(packet);
    });
    this.transport.close();
  }

  close(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    if (!this.transport.closed) this.transport.close();
    this.#near.close();
    this.#far.close();
  }

  #remoteAddress(): [string, number] {
    const candidate = this.#remote.iceCandidates.find(({ protocol }) => protocol === 'udp');
    if (candidate === undefined) throw new Error('the sfu offers no UDP');
    return [candidate.ip, candidate.port];
  }

  #toRemote(packet: Buffer): void {
    const [ip, port] = this.#remoteAddress();
    this.#far.send(packet, port, ip);
  }

  #fromNear(packet: Buffer): void {
    this.#hello ??= packet;
    this.#toRemote(packet);
  }

  /**
   * Begins ICE at both ends, and DTLS once more: mediasoup gives up repeating its first message when its timer runs early,
   * which it does on a busy machine (`DtlsTransport::OnTimer`, 3.27.1).
   */
  #knock(): void {
    const [candidate] = this.transport.iceCandidates;
    this.#near.send(bindingRequest(this.transport.iceParameters), candidate?.port ?? 0, '127.0.0.1');
    this.#consent();
    if (this.#hello !== null) this.#toRemote(this.#hello);
  }

  #consent(): void {
    this.#toRemote(bindingRequest(this.#remote.iceParameters));
  }
}

async function bindSocket(): Promise<Socket> {
  const socket = createSocket({ type: 'udp4', recvBufferSize: 1 << 20 });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return socket;
}

async function connected(transport: types.WebRtcTransport, port: number): Promise<void> {
  const until = Date.now() + deadlineMs;
  while (transport.dtlsState !== 'connected') {
    if (Date.now() > until)
      throw new Error(
        `with port ${port} DTLS is ${transport.dtlsState}, ICE ${transport.iceState}, not connected`,
      );
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** PLI or FIR (RFC 4585 6.3.1, RFC 5104 4.3.1), by the part of SRTCP that is in clear (RFC 3711 3.4). */
function asksForKeyFrame(packet: Buffer): boolean {
  const format = (packet[0] ?? 0) & 0x1f;
  return (packet[0] ?? 0) >> 6 === 2 && packet[1] === 206 && (format === 1 || format === 4);
}
