import { randomBytes } from 'node:crypto';
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { isIPv6 } from 'node:net';
import { AppError } from '@maydan/common';
import type { types } from 'mediasoup';
import { answeredTransaction, bindingRequest, isStun, type IceCredentials } from '../../ice/stun.ts';
import type { LiteAddress } from '../sdp/offer.ts';

export interface LiteClient {
  /** What checks to it are signed with. */
  readonly ice: IceCredentials;
  readonly addresses: readonly LiteAddress[];
}

/** Between checks while none was answered, and from then on: consent must come again within 30 s (RFC 7675, section 5.1). */
const checkMs = { searching: 200, connected: 2_500 };
/** Checks that may still be answered. */
const mostAwaited = 100;
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
  readonly #outside: Socket;
  /** Connected to the Worker. */
  readonly #inside: Socket;
  readonly #addresses: readonly LiteAddress[];
  readonly #awaited = new Map<string, LiteAddress>();
  #client: IceCredentials;
  #own: types.IceParameters;
  #selected: LiteAddress | null = null;
  #timer: NodeJS.Timeout | undefined;

  /** How many there are on this node. */
  static get open(): number {
    return LiteBridge.#open;
  }

  /** Ends with the transport. @throws AppError `overloaded`, `not_found` when the transport was closed. */
  static async start(
    transport: types.WebRtcTransport,
    server: types.WebRtcServer,
    client: LiteClient,
  ): Promise<LiteBridge> {
    if (LiteBridge.#open >= mostBridges) throw new AppError('overloaded');
    const [worker] = (await server.dump()).udpSockets;
    if (worker === undefined) throw new AppError('unavailable');
    const address = worker.ip.replace(/^0\.0\.0\.0$/, '127.0.0.1').replace(/^::$/, '::1');
    const outside = createSocket({ type: 'udp4', recvBufferSize });
    const inside = createSocket({ type: isIPv6(address) ? 'udp6' : 'udp4', recvBufferSize });
    try {
      outside.bind(0);
      inside.connect(worker.port, address);
      await Promise.all([once(outside, 'listening'), once(inside, 'connect')]);
      if (transport.closed) throw new AppError('not_found');
      return new LiteBridge(transport, outside, inside, client);
    } catch (error) {
      outside.close();
      inside.close();
      throw error;
    }
  }

  private constructor(transport: types.WebRtcTransport, outside: Socket, inside: Socket, client: LiteClient) {
    this.#transport = transport;
    this.#outside = outside;
    this.#inside = inside;
    this.#addresses = client.addresses;
    this.#client = client.ice;
    this.#own = transport.iceParameters;
    LiteBridge.#open++;
    transport.observer.once('close', () => this.#close());
    // An address that nobody is at, or a Worker that died.
    for (const socket of [outside, inside]) socket.on('error', () => undefined);
    outside.on('message', (packet, from) => this.#fromClient(packet, from));
    inside.on('message', (packet) => {
      if (this.#selected !== null && !isStun(packet)) this.#send(packet, this.#selected);
    });
    this.#check();
  }

  /** What the client is told of our end, which does full ICE. */
  get iceParameters(): types.IceParameters {
    return { ...this.#own, iceLite: false };
  }

  get iceCandidates(): types.IceCandidate[] {
    const [first] = this.#transport.iceCandidates.filter(({ protocol }) => protocol === 'udp');
    return first === undefined ? [] : [{ ...first, port: this.#outside.address().port }];
  }

  /** The client and the transport have new credentials; the client stays where it is. */
  restart(client: IceCredentials, own: types.IceParameters): void {
    this.#client = client;
    this.#own = own;
    this.#selected = null;
    this.#awaited.clear();
    this.#check();
  }

  #fromClient(packet: Buffer, { address, port }: RemoteInfo): void {
    if (isStun(packet)) return this.#answered(packet);
    if (this.#selected?.ip === address && this.#selected.port === port) this.#inside.send(packet);
  }

  #answered(packet: Buffer): void {
    const transaction = answeredTransaction(packet, this.#client.password)?.toString('hex') ?? '';
    const from = this.#awaited.get(transaction);
    if (from === undefined) return;
    this.#awaited.delete(transaction);
    const isFirst = this.#selected === null;
    this.#selected ??= from;
    this.#inside.send(bindingRequest(this.#own));
    // That it is nominated it learns from the next one.
    if (isFirst) this.#check();
  }

  #check(): void {
    clearTimeout(this.#timer);
    const { searching, connected } = checkMs;
    this.#timer = setTimeout(() => this.#check(), this.#selected === null ? searching : connected);
    const addresses = this.#selected === null ? this.#addresses : [this.#selected];
    for (const address of addresses) {
      const transactionId = randomBytes(12);
      this.#awaited.set(transactionId.toString('hex'), address);
      const from = this.#own.usernameFragment;
      const nominates = this.#selected !== null;
      this.#send(bindingRequest(this.#client, { from, transactionId, nominates }), address);
    }
    for (const old of [...this.#awaited.keys()].slice(0, -mostAwaited)) this.#awaited.delete(old);
  }

  #send(packet: Buffer, { ip, port }: LiteAddress): void {
    this.#outside.send(packet, port, ip);
  }

  #close(): void {
    LiteBridge.#open--;
    clearTimeout(this.#timer);
    this.#outside.close();
    this.#inside.close();
  }
}
