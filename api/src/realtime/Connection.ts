import { AppError } from '@maydan/common';
import { socketLimits, type ServerEventName, type ServerEventPayload } from '@maydan/contracts';
import type { User } from '@maydan/prisma';
import { RateLimiterMemory } from 'rate-limiter-flexible';
import type { DefaultEventsMap, Server, Socket } from 'socket.io';
import { InTurn } from '../limits/InTurn.ts';
import { baseRoom } from './Delivery.ts';
import type { Gateway, SocketClient } from './gateway.ts';
import { followLimits, rooms, type FollowedKind, type Room } from './rooms.ts';

/** Who showed which token at the handshake; null for a guest. */
export interface SignedIn {
  readonly user: User;
  readonly signInId: string;
}
export interface SocketData {
  signedIn: SignedIn | null;
}
type Events = DefaultEventsMap;
export type ApiSocket = Socket<Events, Events, Events, SocketData>;
export type ApiSocketServer = Server<Events, Events, Events, SocketData>;

/** Messages of one connection that wait while one before them is handled. */
const maxWaiting = 50;

/** One connection: who it is, what it follows, and its messages in their order. */
export class Connection implements SocketClient {
  readonly id: string;
  readonly playbackBase: string;
  readonly #socket: ApiSocket;
  readonly #guards: Gateway['guards'];
  readonly #limiter = new RateLimiterMemory({
    points: socketLimits.perSocket,
    duration: socketLimits.perSocketSec,
  });
  readonly #turns = new InTurn(maxWaiting);

  constructor(socket: ApiSocket, playbackBase: string, guards: Gateway['guards']) {
    this.id = socket.id;
    this.playbackBase = playbackBase;
    this.#socket = socket;
    this.#guards = guards;
  }

  get user(): User | null {
    return this.#socket.data.signedIn?.user ?? null;
  }

  get signInId(): string | null {
    return this.#socket.data.signedIn?.signInId ?? null;
  }

  /** Into the rooms of its user and its sign-in. */
  enter(): void {
    const { signedIn } = this.#socket.data;
    if (signedIn === null) return;
    this.#join(rooms.user(signedIn.user.id));
    this.#join(rooms.signIn(signedIn.signInId));
  }

  async follow(kind: FollowedKind, id: string): Promise<void> {
    const room = rooms[kind](id);
    if (this.#socket.rooms.has(room)) return;
    await this.#guards[kind](id, this.user);
    if (this.#following(kind) >= followLimits[kind]) {
      throw new AppError('conflict', `A connection follows ${followLimits[kind]} of these at most.`);
    }
    this.#join(room);
    // Asked again: a refusal that came in between took nobody out of the room yet.
    await this.#guards[kind](id, this.user).catch(async (refused: unknown) => {
      await this.unfollow(kind, id);
      throw refused;
    });
  }

  async unfollow(kind: FollowedKind, id: string): Promise<void> {
    const room = rooms[kind](id);
    await this.#socket.leave(room);
    await this.#socket.leave(baseRoom(room, this.playbackBase));
  }

  tell<E extends ServerEventName>(event: E, payload: ServerEventPayload<E>): void {
    const name: string = event;
    this.#socket.emit(name, payload);
  }

  /** Handles a message after those before it. Throws `rate_limited` or `overloaded` when it is too much. */
  async inTurn<T>(cost: number, work: () => Promise<T>): Promise<T> {
    await this.#limiter.consume('', cost).catch(() => {
      throw new AppError('rate_limited');
    });
    return this.#turns.run('', work);
  }

  #join(room: Room): void {
    void this.#socket.join([room, baseRoom(room, this.playbackBase)]);
  }

  /** A followed room stands there twice, once with the base. */
  #following(kind: FollowedKind): number {
    return [...this.#socket.rooms].filter((name) => name.startsWith(`${kind}:`)).length / 2;
  }
}
