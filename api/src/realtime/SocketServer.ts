import type { Server as HttpServer } from 'node:http';
import { AppError, toAppError, toErrorBody, type Logger } from '@maydan/common';
import { clientEvents, type ErrorBody, type Session } from '@maydan/contracts';
import { RateLimiterMemory } from 'rate-limiter-flexible';
import { Server, type Socket } from 'socket.io';
import type { ApiConfig } from '../config.ts';
import { hostnameOf, playbackBase } from '../http/requestBase.ts';

/** What the socket server needs of the sessions. */
export interface SessionSource {
  /** A session with addresses for the given playback base; throws `not_found`. */
  get(id: string, base: string): Promise<Session>;
}

type Ack = (answer: unknown) => void;
type Known = keyof typeof clientEvents;

const maxRooms = 20;
const room = (sessionId: string, base: string): string => `session:${sessionId}@${base}`;

/**
 * Socket.IO of the api: rooms of sessions. A room exists per playback base, as the session's addresses depend on how
 * a client reached us.
 */
export class SocketServer {
  readonly #io: Server;
  readonly #config: ApiConfig;
  readonly #sessions: SessionSource;
  readonly #logger: Logger;
  readonly #limiter = new RateLimiterMemory({ points: 60, duration: 10 });
  /** Playback bases in use → number of sockets. */
  readonly #bases = new Map<string, number>();

  constructor(http: HttpServer, config: ApiConfig, sessions: SessionSource, logger: Logger) {
    this.#config = config;
    this.#sessions = sessions;
    this.#logger = logger;
    const origins = config.CORS_ORIGINS;
    this.#io = new Server(http, {
      serveClient: false,
      maxHttpBufferSize: 16_384,
      cors: { origin: origins.includes('*') ? '*' : origins },
    });
    this.#io.on('connection', (socket) => this.#connected(socket));
  }

  get connections(): number {
    return this.#io.engine.clientsCount;
  }

  /** Sends the session as it is now to all sockets of this process that subscribed to it. */
  async sessionChanged(sessionId: string): Promise<void> {
    for (const base of this.#bases.keys()) {
      const name = room(sessionId, base);
      if (!this.#io.sockets.adapter.rooms.has(name)) continue;
      try {
        this.#io.to(name).emit('session:updated', { session: await this.#sessions.get(sessionId, base) });
      } catch (error) {
        this.#logger.warn({ err: error, sessionId }, 'a change was not sent to its room');
      }
    }
  }

  /** Disconnects everybody; the HTTP server stays with who made it. */
  close(): void {
    this.#io.disconnectSockets(true);
    this.#io.engine.close();
  }

  #connected(socket: Socket): void {
    const base = this.#baseOf(socket);
    this.#bases.set(base, (this.#bases.get(base) ?? 0) + 1);
    socket.on('disconnect', () => {
      const left = (this.#bases.get(base) ?? 1) - 1;
      if (left === 0) this.#bases.delete(base);
      else this.#bases.set(base, left);
    });
    this.#answer(socket, 'session:subscribe', async ({ sessionId }) => {
      const session = await this.#sessions.get(sessionId, base);
      if (socket.rooms.size > maxRooms && !socket.rooms.has(room(sessionId, base))) {
        throw new AppError('conflict', `A connection follows ${maxRooms} sessions at most.`);
      }
      await socket.join(room(sessionId, base));
      return { session };
    });
    this.#answer(socket, 'session:unsubscribe', async ({ sessionId }) => {
      await socket.leave(room(sessionId, base));
      return {};
    });
  }

  /** Parses the payload, bounds the rate and acknowledges with the answer or the error body. */
  #answer(socket: Socket, event: Known, handle: (payload: { sessionId: string }) => Promise<unknown>): void {
    const schema = clientEvents[event];
    socket.on(event, async (...args: unknown[]) => {
      const last = args.at(-1);
      const ack = isAck(last) ? last : () => undefined;
      try {
        await this.#limiter.consume(socket.id).catch(() => {
          throw new AppError('rate_limited');
        });
        ack(await handle(schema.parse(args[0])));
      } catch (error) {
        ack(this.#refusal(error, event));
      }
    });
  }

  #refusal(error: unknown, event: Known): ErrorBody {
    const refused = toAppError(error);
    if (refused.code === 'internal') this.#logger.error({ err: error, event }, 'a socket event failed');
    return toErrorBody(refused);
  }

  #baseOf(socket: Socket): string {
    const { headers, secure } = socket.handshake;
    const trusted = this.#config.TRUST_PROXY !== false;
    const forwarded = (name: string): string | undefined => {
      const value = headers[name];
      const text = Array.isArray(value) ? value[0] : value;
      return trusted ? text?.split(',')[0]?.trim() : undefined;
    };
    return playbackBase(this.#config, {
      protocol: forwarded('x-forwarded-proto') ?? (secure ? 'https' : 'http'),
      hostname: hostnameOf(forwarded('x-forwarded-host') ?? headers.host),
    });
  }
}

/** Socket.IO puts a function behind the payload when the client wants an answer. */
function isAck(value: unknown): value is Ack {
  return typeof value === 'function';
}
