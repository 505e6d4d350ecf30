import { setTimeout as delay } from 'node:timers/promises';
import { AppError, toErrorBody, type Logger } from '@maydan/common';
import {
  socketLimits,
  type ErrorCode,
  type ServerEventName,
  type ServerEventPayload,
} from '@maydan/contracts';
import type { User } from '@maydan/prisma';
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import type { DefaultEventsMap, Server, Socket } from 'socket.io';
import { z } from 'zod';
import { requestScope } from '../http/requestScope.ts';
import { InTurn } from '../limits/InTurn.ts';
import { whence, type Whence } from '../moderation/traces/whence.ts';
import { baseRoom, heldRoom, hidingRoom, payloadFor, roomEvents } from './Delivery.ts';
import type { EventStream, StreamEntry } from './EventStream.ts';
import type { Gateway, SocketClient } from './gateway.ts';
import { HiddenPeople, withoutHidden, type RoomBatchTold } from './hiddenPeople.ts';
import { isBefore } from './positions.ts';
import type { Resumed } from './RecoveryAdapter.ts';
import type { RememberedConnections } from './RememberedConnections.ts';
import { followLimits, followedOf, rooms, type FollowedKind, type Room } from './rooms.ts';
import { TokenExpiry } from './TokenExpiry.ts';
import { waitingBytesOf } from './waitingBytes.ts';
import { WatchedUsers } from './WatchedUsers.ts';

/** Who showed which token. */
export interface SignedIn {
  readonly user: User;
  readonly signInId: string;
  readonly expiresAt: Date;
}
export interface SocketData {
  /** Null for a guest. */
  signedIn: SignedIn | null;
  /** What a connection that came back goes on from. */
  resumed?: Resumed;
}
type Events = DefaultEventsMap;
export type ApiSocket = Socket<Events, Events, Events, SocketData>;
export type ApiSocketServer = Server<Events, Events, Events, SocketData>;

export interface ConnectionDependencies {
  readonly guards: Gateway['guards'];
  readonly hiddenFrom: Gateway['hiddenFrom'];
  readonly tracesHere: Gateway['tracesHere'];
  readonly stream: Pick<EventStream, 'position' | 'after'>;
  readonly remembered: RememberedConnections;
  readonly logger: Logger;
}

/** Something that a connection missed is not kept any more: it has to begin anew. */
export class MissedTooMuch extends Error {}

const behindMs = 20;
/** Messages of one connection that wait while one before them is handled. */
const maxWaiting = 50;
/** Who has sent this much in one period takes no notice of refusals. */
const floodPoints = socketLimits.perSocket * socketLimits.floodFactor;

/** One connection: who it is, what it follows, its messages in their order, and what it missed when it comes back. */
export class Connection implements SocketClient {
  readonly id: string;
  /** Socket.IO's private id: whoever has it and a token of the same user goes on with this connection. */
  readonly secret: string;
  readonly playbackBase: string;
  readonly address: string;
  readonly #socket: ApiSocket;
  readonly #deps: ConnectionDependencies;
  /** Room → the position at which it joined. */
  readonly #followed = new Map<string, string>();
  #whence: Whence;
  readonly #hidden = new HiddenPeople();
  readonly #watched: WatchedUsers;
  readonly #expiry: TokenExpiry;
  readonly #limiter = new RateLimiterMemory({
    points: socketLimits.perSocket,
    duration: socketLimits.perSocketSec,
  });
  readonly #turns = new InTurn(maxWaiting);

  constructor(
    socket: ApiSocket,
    reached: { readonly playbackBase: string } & Whence,
    dependencies: ConnectionDependencies,
  ) {
    this.id = socket.id;
    this.secret = z.string().parse(Reflect.get(socket, 'pid'));
    this.playbackBase = reached.playbackBase;
    this.address = reached.address;
    this.#whence = { address: reached.address, device: reached.device };
    this.#socket = socket;
    this.#deps = dependencies;
    this.#watched = new WatchedUsers(socket);
    this.#expiry = new TokenExpiry(
      (at) => this.tell('connection:expiring', { expiresAt: at.toISOString() }),
      () => this.#expire(),
    );
  }

  get user(): User | null {
    return this.#socket.data.signedIn?.user ?? null;
  }

  get signInId(): string | null {
    return this.#socket.data.signedIn?.signInId ?? null;
  }

  /** Into the rooms of its user and its sign-in; told what it missed when it came back. Rejects when that can't be told. */
  begin(): Promise<void> {
    return whence.run(this.#whence, () => this.#begin());
  }

  async #begin(): Promise<void> {
    const { signedIn, resumed } = this.#socket.data;
    if (resumed !== undefined) void this.#socket.join(heldRoom);
    if (signedIn !== null) this.#join(rooms.user(signedIn.user.id));
    else this.#joinTraces();
    if (signedIn !== null) this.renew(signedIn);
    if (resumed === undefined) {
      this.#ready(false, this.#position);
      return this.#remember();
    }
    await this.#followAgain(resumed);
    await this.#remember();
    this.#ready(true, await this.#catchUp(resumed.position));
  }

  keepDevice(token: string): void {
    this.#whence = { ...this.#whence, device: token };
    if (this.user === null) whence.run(this.#whence, () => this.#joinTraces());
  }

  async follow(kind: FollowedKind, id: string): Promise<void> {
    const room = rooms[kind](id);
    if (this.#followed.has(room)) return;
    await this.#deps.guards[kind](id, this.user);
    await this.#learnHidden(kind);
    if (this.#following(kind) >= followLimits[kind]) {
      throw new AppError('conflict', `A connection follows ${followLimits[kind]} of these at most.`);
    }
    this.#joinFollowed(room, this.#position);
    // Asked again: a refusal that came in between took nobody out of the room yet.
    await this.#deps.guards[kind](id, this.user).catch(async (refused: unknown) => {
      await this.unfollow(kind, id);
      throw refused;
    });
    await this.#remember();
  }

  async unfollow(kind: FollowedKind, id: string): Promise<void> {
    if (this.leave(rooms[kind](id))) await this.#remember();
  }

  follows(kind: FollowedKind, id: string): boolean {
    return this.#followed.has(rooms[kind](id));
  }

  followed(kind: FollowedKind): string[] {
    const ids = [...this.#followed.keys()].map((room) => followedOf(room));
    return ids.flatMap((found) => (found?.kind === kind ? [found.id] : []));
  }

  get hidden(): ReadonlySet<string> {
    return this.#hidden.ids;
  }

  /** A block was made or lifted. Moderators see everybody. */
  hide(userId: string, isHidden: boolean): void {
    if (this.user?.role !== 'user') return;
    this.#hidden.set(userId, isHidden);
    this.#markHiding();
  }

  watch(userIds: readonly string[]): void {
    this.#watched.set(userIds, this.#position);
  }

  isWatching(userId: string): boolean {
    return this.#watched.has(userId);
  }

  /** Out of a room; whether it followed it. */
  leave(room: string): boolean {
    const unwatched = this.#watched.leave(room);
    if (unwatched !== null) this.tell('presence:hidden', { userId: unwatched });
    void this.#socket.leave(room);
    void this.#socket.leave(baseRoom(room, this.playbackBase));
    return this.#followed.delete(room);
  }

  /** A ban reaches this guest: out of a session and its chat, or (null) of all of them. */
  expel(sessionId: string | null): void {
    const concerned = (kind: 'chat' | 'session'): string[] =>
      this.followed(kind).filter((id) => sessionId === null || id === sessionId);
    for (const id of concerned('chat')) {
      this.leave(rooms.chat(id));
      this.tell('chat:closed', { sessionId: id, code: 'chat_banned' });
    }
    for (const id of concerned('session')) {
      this.leave(rooms.session(id));
      this.tell('session:closed', {
        sessionId: id,
        code: sessionId === null ? 'account_banned' : 'forbidden',
      });
    }
  }

  renew(signedIn: SignedIn): void {
    const before = this.signInId;
    if (before !== null && before !== signedIn.signInId) this.leave(rooms.signIn(before));
    this.#socket.data.signedIn = signedIn;
    this.#join(rooms.signIn(signedIn.signInId));
    this.#expiry.watch(signedIn.expiresAt);
  }

  tell<E extends ServerEventName>(event: E, payload: ServerEventPayload<E>): void {
    const name: string = event;
    this.#socket.emit(name, payload);
  }

  /** Disconnects for good, and says why. */
  end(code: ErrorCode): void {
    this.tell('connection:ended', toErrorBody(new AppError(code)));
    this.#socket.disconnect(true);
  }

  #endFlood(): void {
    if (this.#socket.connected) this.end('rate_limited');
  }

  /** Any Socket.IO client comes back from a lost line by itself, with a newer token if it has one, and goes on. */
  #expire(): void {
    this.tell('connection:ended', toErrorBody(new AppError('token_expired')));
    this.cut();
  }

  /** Cuts the line, so that the client comes back by itself. */
  cut(): void {
    this.#socket.conn.close();
  }

  /** The same for a client that doesn't read: what waits for it is forgotten here, and told when it comes back. */
  drop(): void {
    this.#socket.conn.close(true);
  }

  /** Bytes that wait here for the client, about: what is told to many is one text for all of them. */
  get waitingBytes(): number {
    return waitingBytesOf(this.#socket.conn);
  }

  /** The connection is gone; nothing of it is left here. */
  close(): void {
    this.#expiry.close();
  }

  /**
   * Handles a message after those before it. Throws `rate_limited` or `overloaded` when it is too much, and disconnects
   * who goes on all the same.
   */
  async inTurn<T>(cost: number, work: () => Promise<T>): Promise<T> {
    await this.#limiter.consume('', cost).catch((state: unknown) => {
      if (state instanceof RateLimiterRes && state.consumedPoints > floodPoints) this.#endFlood();
      throw new AppError('rate_limited');
    });
    return this.#turns.run('', () => requestScope.run(this.#socket.id, () => whence.run(this.#whence, work)));
  }

  /** Before it is told what people do in a session. */
  async #learnHidden(kind: FollowedKind): Promise<void> {
    const { user } = this;
    if (user === null || (kind !== 'chat' && kind !== 'staff')) return;
    await this.#hidden.load(() => this.#deps.hiddenFrom(user));
    this.#markHiding();
  }

  #markHiding(): void {
    if (this.#hidden.ids.size > 0) void this.#socket.join(hidingRoom);
    else void this.#socket.leave(hidingRoom);
  }

  get #position(): string {
    const { position } = this.#deps.stream;
    if (position === null) throw new AppError('unavailable');
    return position;
  }

  /** A ban that includes where this guest comes from reaches them. */
  #joinTraces(): void {
    for (const hash of this.#deps.tracesHere()) this.#join(rooms.trace(hash));
  }

  #join(room: Room): void {
    void this.#socket.join([room, baseRoom(room, this.playbackBase)]);
  }

  #joinFollowed(room: Room, since: string): void {
    this.#join(room);
    this.#followed.set(room, since);
  }

  #following(kind: FollowedKind): number {
    return this.followed(kind).length;
  }

  /** The last words of a position make it the one that the client goes on from. */
  #ready(recovered: boolean, position: string): void {
    const { signedIn } = this.#socket.data;
    const expiresAt = signedIn?.expiresAt.toISOString() ?? null;
    const payload: ServerEventPayload<'connection:ready'> = {
      userId: signedIn?.user.id ?? null,
      expiresAt,
      recovered,
    };
    this.#socket.emit('connection:ready', payload, position);
  }

  async #remember(): Promise<void> {
    const userId = this.user?.id ?? null;
    await this.#deps.remembered.write(this.secret, { userId, followed: Object.fromEntries(this.#followed) });
  }

  /** Into the rooms it was in, as far as it still may be there. */
  async #followAgain({ followed }: Resumed): Promise<void> {
    for (const [name, since] of Object.entries(followed)) {
      const found = followedOf(name);
      if (found === null) continue;
      try {
        await this.#learnHidden(found.kind);
        this.#joinFollowed(rooms[found.kind](found.id), since);
        await this.#deps.guards[found.kind](found.id, this.user);
      } catch (error) {
        this.leave(name);
        if (!(error instanceof AppError)) throw error;
      }
    }
  }

  /**
   * Tells what the stream brought since `from`, until there is no more: only then, and at the same moment, the connection
   * is told what comes next as all others are. So nothing is missed or told twice. Resolves to the position.
   */
  async #catchUp(from: string): Promise<string> {
    let cursor = from;
    while (this.#socket.connected) {
      const missed = await this.#deps.stream.after(cursor);
      if (missed === null) throw new MissedTooMuch();
      for (const entry of missed.entries) this.#tellMissed(entry);
      cursor = missed.position;
      if (cursor === this.#position) break;
      // This process reads what the client has been told by another one.
      if (missed.entries.length === 0) await delay(behindMs);
    }
    void this.#socket.leave(heldRoom);
    return cursor;
  }

  #tellMissed(entry: StreamEntry): void {
    const { envelope, position } = entry;
    if (envelope.type !== 'event' || !envelope.rooms.some((room) => this.#wasIn(room, position))) return;
    const payload = payloadFor(entry, this.playbackBase);
    const shown =
      envelope.event === roomEvents ? withoutHidden(payload as RoomBatchTold, this.hidden) : payload;
    if (shown !== null) this.#socket.emit(envelope.event, shown, position);
  }

  #wasIn(room: string, position: string): boolean {
    if (!this.#socket.rooms.has(room)) return false;
    const since = this.#followed.get(room) ?? this.#watched.since(room);
    return since === undefined || isBefore(since, position);
  }
}
