import type { Server as HttpServer } from 'node:http';
import { addressGroup, AppError, toErrorBody, type Logger } from '@maydan/common';
import {
  clientMessages,
  maxPacketBytes,
  type ErrorBody,
  type MessageName,
  type MessageAccess,
} from '@maydan/contracts';
import type { User } from '@maydan/prisma';
import express from 'express';
import { Server } from 'socket.io';
import { z } from 'zod';
import type { ApiConfig } from '../config.ts';
import { toRequestError } from '../http/errors.ts';
import { hostnameOf, playbackBase } from '../http/requestBase.ts';
import {
  Connection,
  MissedTooMuch,
  type ApiSocket,
  type ApiSocketServer,
  type SignedIn,
} from './Connection.ts';
import { Delivery } from './Delivery.ts';
import type { EventStream, StreamListener } from './EventStream.ts';
import type { Gateway, SocketClient } from './gateway.ts';
import { Places } from './Places.ts';
import { recoveryAdapter, type Resumed } from './RecoveryAdapter.ts';
import { SlowClients } from './SlowClients.ts';
import { recoveryMs, rememberEveryMs, type RememberedConnections } from './RememberedConnections.ts';

export interface SocketServerDependencies {
  readonly config: ApiConfig;
  readonly gateway: Gateway;
  readonly stream: EventStream;
  readonly remembered: RememberedConnections;
  /** Whose an access token is; throws `token_expired`, `token_invalid` or `account_banned`. */
  readonly authenticate: (accessToken: string) => Promise<SignedIn>;
  /** A user as they are now; throws `token_invalid` when the sign-in has ended, and `account_banned`. */
  readonly current: (userId: string, signInId: string) => Promise<User>;
  /** Counts a message of a user over all api processes; throws `rate_limited`. */
  readonly countMessage: (userId: string, cost: number, name: MessageName) => Promise<void>;
  readonly logger: Logger;
}

/** Any of the handlers, once its input has been parsed and its access checked. */
interface AnyHandler {
  handle(input: unknown, client: SocketClient): Promise<unknown>;
}
type Ack = (answer: unknown) => void;

const handshakeAuth = z
  .object({ token: z.string().max(2_000).nullish(), device: z.string().max(200).optional().catch(undefined) })
  .catch({});
/** How long a closing server waits for the messages at hand. */
const drainMs = 3_000;
/** Handshakes on one line: each asks PostgreSQL whose its token is, and a client that was refused may try again. */
const maxHandshakes = 10;
/** Points of a message that there is none of. */
const unknownCost = 5;

/** Socket.IO of the api: admits connections, answers their messages, tells them what the stream brings. */
export class SocketServer {
  readonly #io: ApiSocketServer;
  readonly #deps: SocketServerDependencies;
  readonly #delivery: Delivery;
  readonly #connections = new Map<string, Connection>();
  readonly #userPlaces: Places;
  readonly #guestPlaces: Places;
  readonly #handshakes = new WeakMap<ApiSocket['conn'], number>();
  readonly #keeping: NodeJS.Timeout;
  readonly #slow: SlowClients;
  readonly #isTrusted: (address: string, hop: number) => boolean;
  /** Messages that are being handled. */
  readonly #handling = new Set<Promise<void>>();
  #closing = false;

  constructor(http: HttpServer, dependencies: SocketServerDependencies) {
    this.#deps = dependencies;
    this.#isTrusted = trustOf(dependencies.config.TRUST_PROXY);
    this.#userPlaces = new Places(dependencies.config.SOCKETS_PER_USER);
    this.#guestPlaces = new Places(dependencies.config.GUEST_SOCKETS_PER_ADDRESS);
    const origins = dependencies.config.CORS_ORIGINS;
    this.#io = new Server(http, {
      serveClient: false,
      maxHttpBufferSize: maxPacketBytes,
      cors: { origin: origins.includes('*') ? '*' : origins },
      connectionStateRecovery: { maxDisconnectionDuration: recoveryMs, skipMiddlewares: false },
      adapter: recoveryAdapter((secret, position) => this.#resume(secret, position)),
    });
    this.#delivery = new Delivery(this.#io, this.#connections, dependencies.logger);
    this.#keeping = setInterval(() => void this.#keep(), rememberEveryMs);
    const maxBytes = dependencies.config.SOCKET_MAX_WAITING_BYTES;
    this.#slow = new SlowClients(() => this.#connections.values(), maxBytes, dependencies.logger);
    this.#io.use((socket, next) => void this.#admit(socket, next));
    this.#io.on('connection', (socket) => this.#connected(socket));
  }

  get connections(): number {
    return this.#io.engine.clientsCount;
  }

  /** What hands on to the connections here. */
  get listener(): StreamListener {
    return this.#delivery;
  }

  /** Disconnects those of a sign-in that ended. */
  endSignIns(signInIds: readonly string[]): void {
    const ended = new Set(signInIds);
    for (const connection of this.#connections.values()) {
      if (connection.signInId !== null && ended.has(connection.signInId)) connection.end('token_invalid');
    }
  }

  /**
   * Answers the messages at hand, then cuts the connections, so that clients connect again elsewhere. The HTTP server
   * stays with who made it.
   */
  async close(): Promise<void> {
    this.#closing = true;
    clearInterval(this.#keeping);
    this.#slow.close();
    let timer: NodeJS.Timeout | undefined;
    const impatient = new Promise((resolve) => (timer = setTimeout(resolve, drainMs)));
    await Promise.race([Promise.allSettled(this.#handling), impatient]);
    clearTimeout(timer);
    this.#io.engine.close();
  }

  /** Who shows an access token is told what is for them; one that isn't good is refused, so that it gets renewed. */
  async #admit(socket: ApiSocket, next: (error?: Error) => void): Promise<void> {
    try {
      this.#countHandshake(socket);
      // Who is admitted before the stream is read would miss what is told meanwhile.
      if (this.#closing || this.#deps.stream.position === null) throw new AppError('unavailable');
      const { token } = handshakeAuth.parse(socket.handshake.auth);
      socket.data.signedIn = typeof token === 'string' ? await this.#deps.authenticate(token) : null;
      await this.#checkResumed(socket);
      this.#takePlace(socket);
      next();
    } catch (error) {
      const body = this.#refusal(error, 'handshake');
      next(Object.assign(new Error(body.error.message), { data: body }));
    }
  }

  #countHandshake({ conn }: ApiSocket): void {
    const count = (this.#handshakes.get(conn) ?? 0) + 1;
    this.#handshakes.set(conn, count);
    if (count <= maxHandshakes) return;
    conn.close();
    throw new AppError('rate_limited');
  }

  /** Throws `rate_limited` when the user, or the guest's network, has as many connections here as there may be. */
  #takePlace(socket: ApiSocket): void {
    const { conn, data } = socket;
    const giveBack =
      data.signedIn === null
        ? this.#guestPlaces.take(addressGroup(this.#addressOf(socket)))
        : this.#userPlaces.take(data.signedIn.user.id);
    socket.once('disconnect', giveBack);
    // One that is gone before it was admitted never disconnects.
    conn.once('close', giveBack);
    if (conn.readyState !== 'open') giveBack();
  }

  /** Null when the client is not known, or something it missed is not kept any more. */
  async #resume(secret: string, position: string): Promise<Resumed | null> {
    const { remembered, stream } = this.#deps;
    const found = await remembered.find(secret);
    if (found === null || !(await stream.reachesBackTo(position))) return null;
    // A line that is dead without knowing it: the client is here now.
    for (const other of this.#connections.values()) if (other.secret === secret) other.cut();
    return { ...found, position };
  }

  /** Nobody goes on with the connection of somebody else; the next attempt begins anew. */
  async #checkResumed(socket: ApiSocket): Promise<void> {
    const { signedIn, resumed } = socket.data;
    if (resumed === undefined || resumed.userId === (signedIn?.user.id ?? null)) return;
    const { pid } = z.object({ pid: z.string() }).parse(socket.handshake.auth);
    await this.#deps.remembered.forget(pid);
    throw new AppError('unavailable', 'This connection can not go on with another account; connect again.');
  }

  #connected(socket: ApiSocket): void {
    const { gateway } = this.#deps;
    const { device } = handshakeAuth.parse(socket.handshake.auth);
    const reached = { playbackBase: this.#baseOf(socket), address: this.#addressOf(socket), device };
    const connection = new Connection(socket, reached, {
      guards: gateway.guards,
      hiddenFrom: gateway.hiddenFrom,
      tracesHere: gateway.tracesHere,
      ...this.#deps,
    });
    this.#connections.set(connection.id, connection);
    socket.on('disconnect', (reason) => {
      this.#connections.delete(connection.id);
      connection.close();
      void this.#gone(connection, reason);
      this.#call(gateway.disconnected, connection);
    });
    socket.onAny((name: unknown, ...args: unknown[]) => this.#answer(connection, String(name), args));
    void this.#begin(connection);
  }

  async #begin(connection: Connection): Promise<void> {
    try {
      await connection.begin();
      if (!(await this.#isAsAdmitted(connection))) return;
      // One that is gone already has been taken leave of.
      if (this.#connections.has(connection.id)) this.#call(this.#deps.gateway.connected, connection);
    } catch (error) {
      this.#deps.logger.warn({ err: error }, 'a connection could not begin');
      const { remembered } = this.#deps;
      if (error instanceof MissedTooMuch) await remembered.forget(connection.secret).catch(() => undefined);
      // It comes back by itself, and goes on where it was when it was PostgreSQL or Redis that failed.
      connection.cut();
    }
  }

  /**
   * An end of the sign-in, a ban or another role that came during the handshake was told before the connection was in the
   * rooms in which it is told: it goes now.
   */
  async #isAsAdmitted(connection: Connection): Promise<boolean> {
    const { user, signInId } = connection;
    if (user === null || signInId === null) return true;
    try {
      const { role } = await this.#deps.current(user.id, signInId);
      if (role !== user.role) connection.cut();
      return role === user.role;
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      connection.end(error.code);
      return false;
    }
  }

  /** Whoever left by their own will, or was put out, has nothing to go on with. */
  async #gone({ secret }: Connection, reason: string): Promise<void> {
    const { remembered, logger } = this.#deps;
    const isFinal = reason === 'client namespace disconnect' || reason === 'server namespace disconnect';
    // The client may be back already, with the same secret.
    if ([...this.#connections.values()].some((other) => other.secret === secret)) return;
    const written = isFinal ? remembered.forget(secret) : remembered.gone(secret);
    await written.catch((error: unknown) => logger.warn({ err: error }, 'a connection was not written down'));
  }

  async #keep(): Promise<void> {
    const { remembered, stream, logger } = this.#deps;
    if (stream.position !== null) this.#delivery.tellPosition(stream.position);
    await remembered
      .keep([...this.#connections.values()].map(({ secret }) => secret))
      .catch((error: unknown) => logger.warn({ err: error }, 'connections were not written down'));
  }

  #call(hooks: Gateway['connected'], connection: Connection): void {
    for (const hook of hooks) {
      Promise.resolve()
        .then(() => hook(connection))
        .catch((error: unknown) => this.#deps.logger.error({ err: error }, 'a hook of connections failed'));
    }
  }

  #answer(connection: Connection, name: string, args: readonly unknown[]): void {
    const last = args.at(-1);
    const ack = isAck(last) ? last : () => undefined;
    const payload = isAck(args[0]) ? undefined : args[0];
    const handling = (
      isMessageName(name) ? this.#handle(connection, name, payload) : this.#handleUnknown(connection)
    ).then(ack);
    this.#handling.add(handling);
    void handling.finally(() => this.#handling.delete(handling));
  }

  async #handleUnknown(connection: Connection): Promise<ErrorBody> {
    const unknown = new AppError('not_found', 'There is no such message.');
    return connection
      .inTurn(unknownCost, () => Promise.reject(unknown))
      .catch((error: unknown) => this.#refusal(error, 'unknown'));
  }

  /** The answer: the output, or the error body. */
  async #handle(connection: Connection, name: MessageName, payload: unknown): Promise<unknown> {
    const { access, cost, input, maxBytes } = clientMessages[name];
    try {
      if (this.#closing) throw new AppError('unavailable');
      return await connection.inTurn(cost, async () => {
        if (needsUser(access) && connection.user === null) throw new AppError('unauthenticated');
        if (connection.user !== null) await this.#deps.countMessage(connection.user.id, cost, name);
        if (bytesOf(payload) > maxBytes) throw new AppError('payload_too_large');
        const handler: AnyHandler = { handle: this.#deps.gateway.handlers[name] };
        return await handler.handle(input.parse(payload), connection);
      });
    } catch (error) {
      return this.#refusal(error, name);
    }
  }

  #refusal(error: unknown, event: MessageName | 'handshake' | 'unknown'): ErrorBody {
    const refused = toRequestError(error);
    if (refused.code === 'internal')
      this.#deps.logger.error({ err: error, event }, 'a socket message failed');
    return toErrorBody(refused);
  }

  /** The nearest address that isn't a trusted proxy's, as for requests. */
  #addressOf({ handshake }: ApiSocket): string {
    const header = handshake.headers['x-forwarded-for'];
    const told = (Array.isArray(header) ? header.join(',') : (header ?? '')).split(',');
    const way = [handshake.address, ...told.map((one) => one.trim()).reverse()].filter((one) => one !== '');
    return way.find((one, hop) => !this.#isTrusted(one, hop)) ?? way.at(-1) ?? '';
  }

  #baseOf(socket: ApiSocket): string {
    const { config } = this.#deps;
    const { headers, secure } = socket.handshake;
    const trusted = config.TRUST_PROXY !== false;
    const forwarded = (name: string): string | undefined => {
      const value = headers[name];
      const text = Array.isArray(value) ? value[0] : value;
      return trusted ? text?.split(',')[0]?.trim() : undefined;
    };
    return playbackBase(config, {
      protocol: forwarded('x-forwarded-proto') ?? (secure ? 'https' : 'http'),
      hostname: hostnameOf(forwarded('x-forwarded-host') ?? headers.host),
    });
  }
}

const needsUser = (access: MessageAccess): boolean => access === 'signedIn';

const isMessageName = (name: string): name is MessageName => Object.hasOwn(clientMessages, name);

/** Which addresses are proxies of ours, as Express understands the setting. */
function trustOf(setting: ApiConfig['TRUST_PROXY']): (address: string, hop: number) => boolean {
  const app = express();
  app.set('trust proxy', setting);
  return app.get('trust proxy fn') as (address: string, hop: number) => boolean;
}

/** Socket.IO puts a function behind the payload when the client wants an answer. */
function isAck(value: unknown): value is Ack {
  return typeof value === 'function';
}

/** Bytes of the JSON; what has none (undefined) counts nothing. */
function bytesOf(payload: unknown): number {
  return Buffer.byteLength(JSON.stringify(payload) ?? '');
}
