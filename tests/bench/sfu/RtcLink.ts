import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import type { types } from 'mediasoup';
import { bindingRequest, isStun } from '../../../sfu/src/verification/stun.ts';
import type { Participant, RemoteTransport } from './sfuServers.ts';

const consentMs = 5_000;
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

  static async connect(
    router: types.Router,
    participant: Participant,
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
    link.#far.on('message', (packet) => isStun(packet) || link.#near.send(packet, localPort, '127.0.0.1'));
    link.#near.on('message', (packet) => isStun(packet) || link.#toRemote(packet));
    await transport.connect({ dtlsParameters: { ...remote.dtlsParameters, role: 'server' } });
    await participant.connect(remote.transportId, { ...transport.dtlsParameters, role: 'client' });
    link.#near.send(bindingRequest(transport.iceParameters), localPort, '127.0.0.1');
    link.#consent();
    link.#timer = setInterval(() => link.#consent(), consentMs);
    await connected(transport, remotePort);
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
      throw new Error(`DTLS with port ${port} is ${transport.dtlsState}, not connected`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
