import { once } from 'node:events';
import type { AddressInfo, Server, Socket } from 'node:net';
import { addressGroup, type Logger } from '@maydan/common';
import { createRtmpListeners, type RtmpListeners } from '../nms/rtmpWire.ts';
import { clientAddress } from './clientAddress.ts';
import { ConnectionLimits } from './ConnectionLimits.ts';
import { RtmpConnection, type ConnectionEvents, type ConnectionTimeouts } from './RtmpConnection.ts';

export interface RtmpServerOptions {
  readonly host: string;
  /** 0: a free one. */
  readonly port: number;
  /** Undefined: no RTMPS. */
  readonly tls: { readonly port: number; readonly keyFile: string; readonly certFile: string } | undefined;
  readonly timeouts: ConnectionTimeouts;
  readonly limits: { readonly total: number; readonly perAddress: number };
  readonly events: ConnectionEvents;
  /** A connection was turned away at the door: too many are open. */
  readonly turnedAway: (address: string) => void;
  readonly logger: Logger;
}

/** Listens for RTMP and RTMPS and owns the connections. */
export class RtmpServer {
  readonly #options: RtmpServerOptions;
  readonly #listeners: RtmpListeners;
  readonly #limits: ConnectionLimits;
  readonly #connections = new Set<RtmpConnection>();
  /** Also those within their TLS handshake, which aren't connections yet. */
  readonly #sockets = new Set<Socket>();
  /** Sockets within their TLS handshake, by peer. */
  readonly #handshakes = new Map<string, NodeJS.Timeout>();

  /** Rejects when a port is taken or the certificate can't be read. */
  static async create(options: RtmpServerOptions): Promise<RtmpServer> {
    const server = new RtmpServer(options);
    try {
      await server.#listen();
    } catch (error) {
      await server.close();
      throw error;
    }
    return server;
  }

  constructor(options: RtmpServerOptions) {
    this.#options = options;
    this.#limits = new ConnectionLimits(options.limits);
    this.#listeners = createRtmpListeners(options.tls);
  }

  get port(): number {
    return (this.#listeners.rtmp.address() as AddressInfo).port;
  }

  get tlsPort(): number | undefined {
    return (this.#listeners.rtmps?.address() as AddressInfo | undefined)?.port;
  }

  get isListening(): boolean {
    const { rtmp, rtmps } = this.#listeners;
    return rtmp.listening && rtmps?.listening !== false;
  }

  get connectionCount(): number {
    return this.#limits.count;
  }

  /** Stops listening and ends every connection with `shutdown`. */
  async close(): Promise<void> {
    const servers = [this.#listeners.rtmp, this.#listeners.rtmps].filter((server) => server?.listening);
    const closed = servers.map((server) => new Promise((resolve) => server?.close(resolve)));
    for (const connection of this.#connections) connection.close('shutdown');
    for (const socket of this.#sockets) socket.destroy();
    await Promise.all(closed);
  }

  async #listen(): Promise<void> {
    const { rtmp, rtmps } = this.#listeners;
    const { host, port, tls } = this.#options;
    rtmp.on('connection', (socket) => {
      if (this.#admit(socket)) this.#open(socket);
    });
    await this.#bind(rtmp, port, host);
    if (rtmps === undefined || tls === undefined) return;
    rtmps.on('connection', (socket: Socket) => {
      if (this.#admit(socket)) this.#awaitHandshake(socket);
    });
    rtmps.on('secureConnection', (socket) => {
      clearTimeout(this.#handshakes.get(peerOf(socket)));
      this.#open(socket);
    });
    await this.#bind(rtmps, tls.port, host);
  }

  async #bind(server: Server, port: number, host: string): Promise<void> {
    server.listen(port, host);
    await once(server, 'listening');
    // For example no file descriptor left for one more connection; those there are go on.
    server.on('error', (error) => this.#options.logger.error({ err: error }, 'RTMP listener in trouble'));
  }

  #admit(socket: Socket): boolean {
    const address = clientAddress(socket.remoteAddress);
    const group = addressGroup(address);
    if (!this.#limits.take(group)) {
      socket.destroy();
      this.#options.turnedAway(address);
      return false;
    }
    this.#sockets.add(socket);
    socket.once('close', () => {
      this.#sockets.delete(socket);
      this.#limits.release(group);
    });
    return true;
  }

  #awaitHandshake(socket: Socket): void {
    const peer = peerOf(socket);
    const timer = setTimeout(() => socket.destroy(), this.#options.timeouts.handshakeMs);
    this.#handshakes.set(peer, timer);
    socket.once('close', () => {
      clearTimeout(timer);
      this.#handshakes.delete(peer);
    });
  }

  #open(socket: Socket): void {
    const { events, timeouts } = this.#options;
    const address = clientAddress(socket.remoteAddress);
    const connection = new RtmpConnection(socket, address, events, timeouts);
    this.#connections.add(connection);
    socket.once('close', () => this.#connections.delete(connection));
  }
}

const peerOf = (socket: Socket): string => `${socket.remoteAddress ?? ''} ${socket.remotePort ?? 0}`;
