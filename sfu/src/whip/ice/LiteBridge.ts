import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { isIP } from 'node:net';
import { AppError } from '@maydan/common';
import type { types } from 'mediasoup';
import { bindingRequest, isStun, type IceCredentials } from '../../ice/stun.ts';
import type { LiteAddress } from '../sdp/offer.ts';
import { refused } from '../sdp/refuse.ts';
import { bindInRange } from './bindInRange.ts';
import { Checks } from './Checks.ts';

export interface LiteClient {
  /** What checks to it are signed with. */
  readonly ice: IceCredentials;
  readonly addresses: readonly LiteAddress[];
}

/** Where a bridge stands. */
export interface BridgePlace {
  /** Of the transport's Worker. */
  readonly server: types.WebRtcServer;
  /** Where it gets its ports: those towards the client, and the one towards the Worker. */
  readonly portRange: types.TransportPortRange;
}

/** On this node. All that such a client sends or receives goes through the event loop. */
const mostBridges = 50;
const recvBufferSize = 1_048_576;

/**
 * Full ICE for a client that is ICE lite (RFC 8445), which mediasoup isn't: sends checks to the client, and for each that it answers
 * one to the Worker in its name, so that the consent that mediasoup waits for is the client's own. All else goes through as it is,
 * to and from the address that answered.
 */
export class LiteBridge {
  static #open = 0;
  readonly #transport: types.WebRtcTransport;
  /** By family of addresses, those that the client is at: 4, 6. */
  readonly #outside: ReadonlyMap<number, Socket>;
  /** Connected to the Worker. */
  readonly #inside: Socket;
  readonly #addresses: readonly LiteAddress[];
  /** Of the ICE session that the client is in. */
  #checks: Checks;
  /** Of one that it was asked to restart in and hasn't answered in yet. */
  #next: Checks | null = null;
  /** The Worker knows nobody but us, and takes a restart at once, whatever becomes of the client's. */
  #own: types.IceParameters;

  /** How many there are on this node. */
  static get open(): number {
    return LiteBridge.#open;
  }

  /**
   * Ends with the transport. @throws AppError `validation_failed` when the client is nowhere we may send to, `overloaded` when there
   * are too many or no port is free, `not_found` when the transport was closed.
   */
  static async start(
    transport: types.WebRtcTransport,
    place: BridgePlace,
    client: LiteClient,
  ): Promise<LiteBridge> {
    const addresses = reachable(client.addresses, transport.iceCandidates);
    if (LiteBridge.#open >= mostBridges) throw new AppError('overloaded');
    // From now on, since others come while this one is being made.
    LiteBridge.#open++;
    try {
      return await LiteBridge.#make(transport, place, { ...client, addresses });
    } catch (error) {
      LiteBridge.#open--;
      throw error;
    }
  }

  static async #make(
    transport: types.WebRtcTransport,
    { server, portRange }: BridgePlace,
    client: LiteClient,
  ): Promise<LiteBridge> {
    const [worker] = (await server.dump()).udpSockets;
    if (worker === undefined) throw new AppError('unavailable');
    const address = worker.ip.replace(/^0\.0\.0\.0$/, '127.0.0.1').replace(/^::$/, '::1');
    const families = [...new Set(client.addresses.map(({ ip }) => isIP(ip)))];
    const outside = new Map(families.map((family) => [family, socketOf(family)]));
    const inside = socketOf(isIP(address));
    const sockets = [...outside.values(), inside];
    try {
      await Promise.all(sockets.map((socket) => bindInRange(socket, portRange)));
      inside.connect(worker.port, address);
      await once(inside, 'connect');
      if (transport.closed) throw new AppError('not_found');
      return new LiteBridge(transport, outside, inside, client);
    } catch (error) {
      for (const socket of sockets) socket.close();
      throw error;
    }
  }

  private constructor(
    transport: types.WebRtcTransport,
    outside: ReadonlyMap<number, Socket>,
    inside: Socket,
    client: LiteClient,
  ) {
    this.#transport = transport;
    this.#outside = outside;
    this.#inside = inside;
    this.#addresses = client.addresses;
    this.#own = transport.iceParameters;
    this.#checks = this.#begin(client.ice);
    transport.observer.once('close', () => this.#close());
    // An address that nobody is at, or a Worker that died.
    for (const socket of [...outside.values(), inside]) socket.on('error', () => undefined);
    for (const socket of outside.values())
      socket.on('message', (packet, from) => this.#fromClient(packet, from));
    inside.on('message', (packet) => {
      const { selected } = this.#checks;
      if (selected !== null && !isStun(packet)) this.#toClient(packet, selected);
    });
  }

  /** What the client is told of our end, which does full ICE. */
  get iceParameters(): types.IceParameters {
    return { ...this.#own, iceLite: false };
  }

  get iceCandidates(): types.IceCandidate[] {
    return [...this.#outside].flatMap(([family, socket]) => {
      const first = ofUdp(this.#transport.iceCandidates).find(({ address }) => isIP(address) === family);
      return first === undefined ? [] : [{ ...first, port: socket.address().port }];
    });
  }

  /**
   * The transport has new credentials, and the client is told them and has said its own. Until it answers to those, its media goes on as
   * before: it may never do what it asked for.
   */
  restart(client: IceCredentials, own: types.IceParameters): void {
    this.#own = own;
    this.#next?.stop();
    this.#next = this.#begin(client);
    if (this.#checks.selected === null) this.#goOnWith(this.#next);
  }

  #begin(client: IceCredentials): Checks {
    const addresses = this.#addresses;
    const send = (packet: Buffer, to: LiteAddress): void => this.#toClient(packet, to);
    return new Checks({ client, from: this.#own.usernameFragment, addresses, send });
  }

  #goOnWith(next: Checks): void {
    this.#checks.stop();
    this.#checks = next;
    this.#next = null;
  }

  #fromClient(packet: Buffer, { address, port }: RemoteInfo): void {
    if (isStun(packet)) return this.#answered(packet);
    const { selected } = this.#checks;
    if (selected?.ip === address && selected.port === port) this.#toWorker(packet);
  }

  #answered(packet: Buffer): void {
    if (this.#next?.take(packet) === true) this.#goOnWith(this.#next);
    else if (!this.#checks.take(packet)) return;
    this.#toWorker(bindingRequest(this.#own));
  }

  #toClient(packet: Buffer, { ip, port }: LiteAddress): void {
    orLose(() => this.#outside.get(isIP(ip))?.send(packet, port, ip));
  }

  #toWorker(packet: Buffer): void {
    orLose(() => this.#inside.send(packet));
  }

  #close(): void {
    LiteBridge.#open--;
    this.#checks.stop();
    this.#next?.stop();
    for (const socket of [...this.#outside.values(), this.#inside]) socket.close();
  }
}

/** What a socket throws in a timer or a listener would end the node; a packet is one of those that networks lose. */
function orLose(send: () => void): void {
  try {
    send();
  } catch {
    // Lost.
  }
}

function socketOf(family: number): Socket {
  return createSocket({ type: family === 6 ? 'udp6' : 'udp4', ipv6Only: family === 6, recvBufferSize });
}

const ofUdp = (candidates: readonly types.IceCandidate[]): types.IceCandidate[] =>
  candidates.filter(({ protocol }) => protocol === 'udp');

/**
 * Loopback and link-local addresses are of this machine and its network: no strangers', unless clients are told to come there.
 * We are where clients are told to come: by IPv6 only when that is among it.
 */
function reachable(
  addresses: readonly LiteAddress[],
  told: readonly types.IceCandidate[],
): readonly LiteAddress[] {
  const inner = ['127.', '169.254.', '::1'].filter(
    (net) => !told.some(({ address }) => address.startsWith(net)),
  );
  const found = addresses.filter(({ ip }) => !inner.some((net) => ip.startsWith(net)));
  if (found.length === 0) throw refused('No candidate of the ICE lite client is at an address outside.');
  const families = new Set(ofUdp(told).map(({ address }) => isIP(address)));
  const met = found.filter(({ ip }) => families.has(isIP(ip)));
  if (met.length > 0) return met;
  const names = families.has(4) ? ['IPv6', 'IPv4'] : ['IPv4', 'IPv6'];
  throw refused(
    `The ICE lite client is at addresses of ${names[0]} alone, and this server is reached by ${names[1]} alone.`,
  );
}
