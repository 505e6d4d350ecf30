import type { Server as HttpServer } from 'node:http';
import { AppError, toAppError, toErrorBody, verifyJoinToken } from '@maydan/common';
import type { Logger } from '@maydan/common';
import { signalingAliveMs, signalingRequests } from '@maydan/contracts';
import type { JoinClaims, SignalingOutput } from '@maydan/contracts';
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { Server } from 'socket.io';
import type { Socket } from 'socket.io';
import type { SfuMetrics } from '../metrics.ts';
import type { Room } from '../rooms/Room.ts';
import type { Rooms } from '../rooms/Rooms.ts';
import { Announcer } from './Announcer.ts';
import { PeerSession, send } from './PeerSession.ts';
import { handleRequest, peerRequests } from './requests.ts';

export interface SignalingOptions {
  readonly http: HttpServer;
  readonly rooms: Rooms;
  readonly secret: string;
  /** How long a peer stays in its room without a connection. */
  readonly graceMs: number;
  readonly metrics: SfuMetrics;
  readonly logger: Logger;
  /** Requests of one connection in 10 seconds; a stage of 20 takes about 60 to join. */
  readonly requestsPer10Sec?: number;
}

const path = '/sfu';
const defaultRequestsPer10Sec = 300;
/** Who sends so many times as much is no client of ours. */
const floodFactor = 3;
/** RTP capabilities of a browser are the largest payload, with about 12 kB. */
const maxPayloadBytes = 65_536;
/** Who connects and never joins. */
const joinTimeoutMs = 10_000;
/** Fewer than Engine.IO's `pingInterval` has. */
const wordsPerPing = 3;

type Ack = (answer: unknown) => void;
interface Connection {
  readonly socket: Socket;
  readonly claims: JoinClaims;
  session: PeerSession | null;
  joining: boolean;
  idle: NodeJS.Timeout;
}

/** The signaling of contracts/src/stage/signaling.ts over Socket.IO. */
export class SignalingServer {
  readonly #options: SignalingOptions;
  readonly #io: Server;
  readonly #alive: NodeJS.Timeout;
  #words = 0;
  readonly #limiter: RateLimiterMemory;
  readonly #connections = new Map<Socket, Connection>();
  /** By room, then by peer id. */
  readonly #sessions = new Map<Room, Map<string, PeerSession>>();

  constructor(options: SignalingOptions) {
    this.#options = options;
    const points = options.requestsPer10Sec ?? defaultRequestsPer10Sec;
    this.#limiter = new RateLimiterMemory({ points, duration: 10 });
    this.#io = new Server(options.http, {
      path,
      serveClient: false,
      maxHttpBufferSize: maxPayloadBytes,
      // Nothing is done without a join token, which no cookie carries.
      cors: { origin: '*' },
      // A dead connection is noticed before the grace period would have been over anyway. Of others `#sayAlive` is the quicker one.
      pingInterval: 5_000,
      pingTimeout: 5_000,
    });
    this.#alive = setInterval(() => this.#sayAlive(), signalingAliveMs).unref();
    this.#io.use((socket, next) => {
      try {
        verifyJoinToken(options.secret, tokenOf(socket));
        next();
      } catch (error) {
        next(this.#connectError(error));
      }
    });
    this.#io.on('connection', (socket) => this.#connected(socket));
    options.rooms.on('opened', (room) => this.#watch(room));
  }

  get connections(): number {
    return this.#io.engine.clientsCount;
  }

  /** Disconnects everybody; the HTTP server stays with who made it. */
  close(): void {
    clearInterval(this.#alive);
    this.#io.disconnectSockets(true);
    this.#io.engine.close();
  }

  /**
   * To all at one moment, since each moment of its own wakes the process; by a ping now and then, whose answer puts off the
   * pings that Engine.IO sends to each connection at times of its own.
   */
  #sayAlive(): void {
    this.#words += 1;
    if (this.#words % wordsPerPing !== 0) return send(this.#io, 'alive', {});
    for (const socket of this.#connections.keys()) {
      const { readyState, transport } = socket.conn;
      if (readyState === 'open' && transport.writable) transport.send([{ type: 'ping' }]);
      else send(socket, 'alive', {});
    }
  }

  #watch(room: Room): void {
    const sessions = new Map<string, PeerSession>();
    this.#sessions.set(room, sessions);
    room.on('peerLeft', (peer) => {
      if (sessions.get(peer.id)?.peer === peer) sessions.delete(peer.id);
    });
    room.once('closed', () => this.#sessions.delete(room));
    new Announcer({
      io: this.#io,
      room,
      sessions: () => sessions.values(),
      sessionOf: (peerId) => sessions.get(peerId),
    });
  }

  #connected(socket: Socket): void {
    const claims = verifyJoinToken(this.#options.secret, tokenOf(socket));
    const idle = this.#idleTimer(socket);
    const connection: Connection = { socket, claims, session: null, joining: false, idle };
    this.#connections.set(socket, connection);
    socket.on('disconnect', () => {
      this.#connections.delete(socket);
      clearTimeout(connection.idle);
      connection.session?.detach(socket);
    });
    this.#answer(connection, 'room.join', (payload) => {
      const { anew } = signalingRequests['room.join'].input.parse(payload);
      return this.#join(connection, anew);
    });
    this.#answer(connection, 'room.leave', () => {
      connection.session?.peer.close('left');
      return {};
    });
    for (const name of peerRequests) {
      this.#answer(connection, name, (payload) => {
        const { session } = connection;
        if (session === null || session.peer.closed) throw new AppError('conflict', 'Join the room first.');
        return handleRequest(name, session.peer, payload, session.room);
      });
    }
  }

  async #join(connection: Connection, anew: boolean): Promise<SignalingOutput<'room.join'>> {
    if (connection.joining || connection.session?.peer.closed === false) {
      throw new AppError('conflict', 'This connection has joined already.');
    }
    const { socket } = connection;
    // A connection may outlive its token, and be used again after its room was lost.
    const claims = verifyJoinToken(this.#options.secret, tokenOf(socket));
    connection.joining = true;
    try {
      this.#options.rooms.checkAdmission(claims);
      const resumed = anew ? undefined : this.#resumable(claims);
      const session = resumed ?? (await this.#enter(claims));
      if (resumed !== undefined) this.#options.metrics.resumed.inc();
      connection.session = session;
      clearTimeout(connection.idle);
      session.attach(socket);
      if (socket.disconnected) session.detach(socket);
      return session.welcome(resumed !== undefined);
    } finally {
      connection.joining = false;
    }
  }

  #idleTimer(socket: Socket): NodeJS.Timeout {
    return setTimeout(() => socket.disconnect(true), joinTimeoutMs);
  }

  #mayJoinAgain(socket: Socket): void {
    const connection = this.#connections.get(socket);
    if (connection !== undefined) connection.idle = this.#idleTimer(socket);
  }

  /** The peer as it was before its connection was lost, if it is still there and may do the same. */
  #resumable(claims: JoinClaims): PeerSession | undefined {
    const room = this.#options.rooms.find(claims.sessionId);
    const session = room === undefined ? undefined : this.#sessions.get(room)?.get(claims.peerId);
    if (session === undefined || session.peer.closed) return undefined;
    const { userId, role } = session.peer;
    return userId === claims.userId && role === claims.role ? session : undefined;
  }

  async #enter(claims: JoinClaims): Promise<PeerSession> {
    const { peerId, role, userId, displayName, iat, sessionId, sessionType, viewer } = claims;
    const { rooms } = this.#options;
    const identity = { peerId, role, userId, displayName, iat, viewer };
    const { room, peer } = await rooms.join(sessionId, sessionType, identity);
    try {
      rooms.checkAdmission(claims);
    } catch (error) {
      peer.close('removed');
      throw error;
    }
    const session = new PeerSession(room, peer, {
      graceMs: this.#options.graceMs,
      onLost: (socket) => this.#mayJoinAgain(socket),
    });
    this.#sessions.get(room)?.set(peerId, session);
    return session;
  }

  /** Bounds the rate and acknowledges with `{ data }` or the error body. */
  #answer(connection: Connection, name: string, handle: (payload: unknown) => unknown): void {
    const { socket, claims } = connection;
    socket.on(name, async (...args: unknown[]) => {
      const last = args.at(-1);
      const ack = isAck(last) ? last : () => undefined;
      try {
        await this.#checkRate(socket);
        ack({ data: await handle(args[0]) });
        if (name === 'room.leave') socket.disconnect(true);
      } catch (error) {
        const refused = this.#refusal(error);
        this.#options.logger.debug({ name, code: refused.code, peerId: claims.peerId }, 'request refused');
        ack(toErrorBody(refused));
      }
    });
  }

  /** @throws AppError `rate_limited`; who goes on regardless is disconnected. */
  async #checkRate(socket: Socket): Promise<void> {
    try {
      await this.#limiter.consume(socket.id);
    } catch (error) {
      const flooded =
        error instanceof RateLimiterRes && error.consumedPoints > floodFactor * this.#limiter.points;
      if (flooded) socket.disconnect(true);
      throw new AppError('rate_limited');
    }
  }

  #connectError(error: unknown): Error {
    const refused = this.#refusal(error);
    return Object.assign(new Error(refused.code), { data: toErrorBody(refused) });
  }

  #refusal(error: unknown): AppError {
    const refused = toAppError(error);
    this.#options.metrics.refused.inc({ code: refused.code });
    if (refused.code === 'internal') this.#options.logger.error({ err: error }, 'a request failed');
    return refused;
  }
}

function tokenOf(socket: Socket): string {
  const { token } = socket.handshake.auth;
  return typeof token === 'string' ? token : '';
}

/** Socket.IO puts a function behind the payload when the client wants an answer. */
function isAck(value: unknown): value is Ack {
  return typeof value === 'function';
}
