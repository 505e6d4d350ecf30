import type { Server as HttpServer } from 'node:http';
import { AppError, toAppError, toErrorBody, type Logger } from '@maydan/common';
import { clientEvents, type ErrorBody, type Seat, type Session, type Stage } from '@maydan/contracts';
import { RateLimiterMemory } from 'rate-limiter-flexible';
import { Server, type Socket } from 'socket.io';
import { z } from 'zod';
import type { ApiConfig } from '../config.ts';
import { hostnameOf, playbackBase } from '../http/requestBase.ts';
import type { Viewer } from '../people/blocks.repo.ts';
import type { SessionRow } from '../sessions/sessions.repo.ts';
import type { Announcement } from './SessionAnnouncer.ts';

/** What sockets are told, and who they are. */
export interface SocketSources {
  /** A session with addresses for the given playback base; throws `not_found`, also when a block hides it from the viewer. */
  readonly session: (id: string, base: string, viewer: Viewer) => Promise<Session>;
  readonly stage: (sessionId: string) => Promise<Stage>;
  /** A seat with its session; null when there is none. */
  readonly seat: (
    sessionId: string,
    userId: string,
  ) => Promise<{ seat: Seat; session: Pick<SessionRow, 'title' | 'host'> } | null>;
  /** The user of an access token; throws `token_expired`, `token_invalid` or `account_banned`. */
  readonly authenticate: (accessToken: string) => Promise<NonNullable<Viewer>>;
}

type Ack = (answer: unknown) => void;
type Known = keyof typeof clientEvents;

const maxRooms = 20;
const room = (sessionId: string, base: string): string => `session:${sessionId}@${base}`;
const userRoom = (userId: string): string => `user:${userId}`;
const handshakeAuth = z.object({ token: z.string().max(2_000).nullish() }).catch({});

/**
 * Socket.IO of the api: rooms of sessions, and of the users who connect with an access token. A session's room exists per
 * playback base, as the session's addresses depend on how a client reached us.
 */
export class SocketServer {
  readonly #io: Server;
  readonly #config: ApiConfig;
  readonly #sources: SocketSources;
  readonly #logger: Logger;
  readonly #limiter = new RateLimiterMemory({ points: 60, duration: 10 });
  /** Who showed an access token. */
  readonly #viewers = new WeakMap<Socket, Viewer>();
  /** Playback bases in use → number of sockets. */
  readonly #bases = new Map<string, number>();

  constructor(http: HttpServer, config: ApiConfig, sources: SocketSources, logger: Logger) {
    this.#config = config;
    this.#sources = sources;
    this.#logger = logger;
    const origins = config.CORS_ORIGINS;
    this.#io = new Server(http, {
      serveClient: false,
      maxHttpBufferSize: 16_384,
      cors: { origin: origins.includes('*') ? '*' : origins },
    });
    this.#io.use((socket, next) => void this.#admit(socket, next));
    this.#io.on('connection', (socket) => this.#connected(socket));
  }

  get connections(): number {
    return this.#io.engine.clientsCount;
  }

  /** Tells the sockets of this process whom it concerns what is new now. */
  async changed(change: Announcement): Promise<void> {
    try {
      if (change.type === 'session') await this.#sessionChanged(change.sessionId);
      else if (change.type === 'stage') await this.#stageChanged(change.sessionId);
      else if (change.type === 'parted') this.#parted(change);
      else await this.#seatChanged(change);
    } catch (error) {
      this.#logger.warn({ err: error, ...change }, 'a change was not sent to its room');
    }
  }

  async #sessionChanged(sessionId: string): Promise<void> {
    for (const { name, base } of this.#roomsOf(sessionId)) {
      this.#io
        .to(name)
        .emit('session:updated', { session: await this.#sources.session(sessionId, base, null) });
    }
  }

  async #stageChanged(sessionId: string): Promise<void> {
    const names = this.#roomsOf(sessionId).map(({ name }) => name);
    if (names.length === 0) return;
    this.#io.to(names).emit('stage:updated', { stage: await this.#sources.stage(sessionId) });
  }

  async #seatChanged({
    sessionId,
    userId,
    isInvitation,
  }: Extract<Announcement, { type: 'seat' }>): Promise<void> {
    const found = await this.#sources.seat(sessionId, userId);
    if (found === null) return;
    const { seat, session } = found;
    this.#io.to([userRoom(userId), userRoom(session.host.id)]).emit('stage:seatChanged', { seat });
    if (!isInvitation || seat.state !== 'invited') return;
    this.#io.to(userRoom(userId)).emit('stage:invited', { seat, title: session.title, host: session.host });
  }

  #parted({ userId, sessionIds }: Extract<Announcement, { type: 'parted' }>): void {
    const names = sessionIds.flatMap((id) => this.#roomsOf(id)).map(({ name }) => name);
    if (names.length > 0) this.#io.in(userRoom(userId)).socketsLeave(names);
  }

  /** Rooms of a session that somebody is in. */
  #roomsOf(sessionId: string): { name: string; base: string }[] {
    const all = [...this.#bases.keys()].map((base) => ({ name: room(sessionId, base), base }));
    return all.filter(({ name }) => this.#io.sockets.adapter.rooms.has(name));
  }

  /** Who shows an access token is told what is for them; one that isn't good is refused, so that it gets renewed. */
  async #admit(socket: Socket, next: (error?: Error) => void): Promise<void> {
    try {
      const { token } = handshakeAuth.parse(socket.handshake.auth);
      if (typeof token === 'string') {
        const user = await this.#sources.authenticate(token);
        this.#viewers.set(socket, user);
        await socket.join(userRoom(user.id));
      }
      next();
    } catch (error) {
      const body = this.#refusal(error, 'handshake');
      next(Object.assign(new Error(body.error.message), { data: body }));
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
      const viewer = this.#viewers.get(socket) ?? null;
      const session = await this.#sources.session(sessionId, base, viewer);
      const followed = [...socket.rooms].filter((name) => name.startsWith('session:')).length;
      if (followed >= maxRooms && !socket.rooms.has(room(sessionId, base))) {
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

  #refusal(error: unknown, event: Known | 'handshake'): ErrorBody {
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
