import type { Server as HttpServer } from 'node:http';
import { AppError, toAppError, toErrorBody, type Logger } from '@maydan/common';
import {
  clientMessages,
  maxPacketBytes,
  type ErrorBody,
  type MessageName,
  type MessageAccess,
} from '@maydan/contracts';
import { Server } from 'socket.io';
import { z } from 'zod';
import type { ApiConfig } from '../config.ts';
import { hostnameOf, playbackBase } from '../http/requestBase.ts';
import { Connection, type ApiSocket, type ApiSocketServer, type SignedIn } from './Connection.ts';
import { Delivery } from './Delivery.ts';
import type { EventStream, StreamEntry } from './EventStream.ts';
import type { Gateway, SocketClient } from './gateway.ts';

export interface SocketServerDependencies {
  readonly config: ApiConfig;
  readonly gateway: Gateway;
  readonly stream: Pick<EventStream, 'position'>;
  /** Whose an access token is; throws `token_expired`, `token_invalid` or `account_banned`. */
  readonly authenticate: (accessToken: string) => Promise<SignedIn>;
  /** Counts a message of a user over all api processes; throws `rate_limited`. */
  readonly countMessage: (userId: string, cost: number) => Promise<void>;
  readonly logger: Logger;
}

/** Any of the handlers, once its input has been parsed and its access checked. */
interface AnyHandler {
  handle(input: unknown, client: SocketClient): Promise<unknown>;
}
type Ack = (answer: unknown) => void;

const handshakeAuth = z.object({ token: z.string().max(2_000).nullish() }).catch({});
/** How long a closing server waits for the messages at hand. */
const drainMs = 3_000;

/** Socket.IO of the api: admits connections, answers their messages, tells them what the stream brings. */
export class SocketServer {
  readonly #io: ApiSocketServer;
  readonly #deps: SocketServerDependencies;
  readonly #delivery: Delivery;
  /** Messages that are being handled. */
  readonly #handling = new Set<Promise<void>>();
  #closing = false;

  constructor(http: HttpServer, dependencies: SocketServerDependencies) {
    this.#deps = dependencies;
    const origins = dependencies.config.CORS_ORIGINS;
    this.#io = new Server(http, {
      serveClient: false,
      maxHttpBufferSize: maxPacketBytes,
      cors: { origin: origins.includes('*') ? '*' : origins },
    });
    this.#delivery = new Delivery(this.#io, dependencies.logger);
    this.#io.use((socket, next) => void this.#admit(socket, next));
    this.#io.on('connection', (socket) => this.#connected(socket));
  }

  get connections(): number {
    return this.#io.engine.clientsCount;
  }

  /** Hands on what the stream tells to whom it concerns here. */
  deliver(entry: StreamEntry): void {
    this.#delivery.deliver(entry);
  }

  /**
   * Answers the messages at hand, then cuts the connections, so that clients connect again elsewhere. The HTTP server
   * stays with who made it.
   */
  async close(): Promise<void> {
    this.#closing = true;
    let timer: NodeJS.Timeout | undefined;
    const impatient = new Promise((resolve) => (timer = setTimeout(resolve, drainMs)));
    await Promise.race([Promise.allSettled(this.#handling), impatient]);
    clearTimeout(timer);
    this.#io.engine.close();
  }

  /** Who shows an access token is told what is for them; one that isn't good is refused, so that it gets renewed. */
  async #admit(socket: ApiSocket, next: (error?: Error) => void): Promise<void> {
    try {
      // Who is admitted before the stream is read would miss what is told meanwhile.
      if (this.#closing || this.#deps.stream.position === null) throw new AppError('unavailable');
      const { token } = handshakeAuth.parse(socket.handshake.auth);
      socket.data.signedIn = typeof token === 'string' ? await this.#deps.authenticate(token) : null;
      next();
    } catch (error) {
      const body = this.#refusal(error, 'handshake');
      next(Object.assign(new Error(body.error.message), { data: body }));
    }
  }

  #connected(socket: ApiSocket): void {
    const { gateway } = this.#deps;
    const connection = new Connection(socket, this.#baseOf(socket), gateway.guards);
    this.#delivery.baseUsed(connection.playbackBase);
    socket.on('disconnect', () => {
      this.#delivery.baseReleased(connection.playbackBase);
      this.#call(gateway.disconnected, connection);
    });
    connection.enter();
    for (const name of Object.keys(clientMessages) as MessageName[]) this.#answer(socket, connection, name);
    this.#call(gateway.connected, connection);
  }

  #call(hooks: Gateway['connected'], connection: Connection): void {
    for (const hook of hooks) {
      Promise.resolve()
        .then(() => hook(connection))
        .catch((error: unknown) => this.#deps.logger.error({ err: error }, 'a hook of connections failed'));
    }
  }

  #answer(socket: ApiSocket, connection: Connection, name: MessageName): void {
    socket.on(name, (...args: unknown[]) => {
      const last = args.at(-1);
      const ack = isAck(last) ? last : () => undefined;
      const payload = isAck(args[0]) ? undefined : args[0];
      const handling = this.#handle(connection, name, payload).then(ack);
      this.#handling.add(handling);
      void handling.finally(() => this.#handling.delete(handling));
    });
  }

  /** The answer: the output, or the error body. */
  async #handle(connection: Connection, name: MessageName, payload: unknown): Promise<unknown> {
    const { access, cost, input, maxBytes } = clientMessages[name];
    try {
      if (this.#closing) throw new AppError('unavailable');
      return await connection.inTurn(cost, async () => {
        if (needsUser(access) && connection.user === null) throw new AppError('unauthenticated');
        if (connection.user !== null) await this.#deps.countMessage(connection.user.id, cost);
        if (bytesOf(payload) > maxBytes) throw new AppError('payload_too_large');
        const handler: AnyHandler = { handle: this.#deps.gateway.handlers[name] };
        return await handler.handle(input.parse(payload), connection);
      });
    } catch (error) {
      return this.#refusal(error, name);
    }
  }

  #refusal(error: unknown, event: MessageName | 'handshake'): ErrorBody {
    const refused = toAppError(error);
    if (refused.code === 'internal')
      this.#deps.logger.error({ err: error, event }, 'a socket message failed');
    return toErrorBody(refused);
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

/** Socket.IO puts a function behind the payload when the client wants an answer. */
function isAck(value: unknown): value is Ack {
  return typeof value === 'function';
}

/** Bytes of the JSON; what has none (undefined) counts nothing. */
function bytesOf(payload: unknown): number {
  return Buffer.byteLength(JSON.stringify(payload) ?? '');
}
