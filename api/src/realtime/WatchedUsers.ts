import type { ApiSocket } from './Connection.ts';
import { rooms } from './rooms.ts';

/** Users of whose presence one connection is told. It is not written down: a client that comes back says it again. */
export class WatchedUsers {
  readonly #socket: Pick<ApiSocket, 'join' | 'leave'>;
  /** Room → its user, and the position at which the connection joined. */
  readonly #watched = new Map<string, { userId: string; since: string }>();

  constructor(socket: Pick<ApiSocket, 'join' | 'leave'>) {
    this.#socket = socket;
  }

  has(userId: string): boolean {
    return this.#watched.has(rooms.presence(userId));
  }

  since(room: string): string | undefined {
    return this.#watched.get(room)?.since;
  }

  /** In place of those before. */
  set(userIds: readonly string[], position: string): void {
    const wanted = new Set<string>(userIds.map(rooms.presence));
    for (const room of this.#watched.keys()) if (!wanted.has(room)) this.leave(room);
    for (const userId of userIds) {
      const room = rooms.presence(userId);
      if (this.#watched.has(room)) continue;
      this.#watched.set(room, { userId, since: position });
      void this.#socket.join(room);
    }
  }

  /** The user who was watched in this room; null when nobody was. */
  leave(room: string): string | null {
    const found = this.#watched.get(room);
    if (found === undefined) return null;
    this.#watched.delete(room);
    void this.#socket.leave(room);
    return found.userId;
  }
}
