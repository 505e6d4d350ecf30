import { AppError } from '@maydan/common';
import type { Presence } from '@maydan/contracts';
import type { User } from '@maydan/prisma';
import type { UsersRepo } from '../people/users.repo.ts';
import type { Emitter } from '../realtime/Emitter.ts';
import type { EventStream } from '../realtime/EventStream.ts';
import type { SocketClient } from '../realtime/gateway.ts';
import { isBefore } from '../realtime/positions.ts';
import { rooms } from '../realtime/rooms.ts';
import type { OnlineUsers } from './OnlineUsers.ts';
import type { PresenceRepo } from './presence.repo.ts';

export interface PresenceDependencies {
  readonly online: OnlineUsers;
  readonly repo: PresenceRepo;
  readonly users: UsersRepo;
  readonly stream: Pick<EventStream, 'position'>;
  readonly emitter: Emitter;
}

/** Who sees whether whom is online (feature P3). Blocks and the privacy setting `presenceFor` decide. */
export class PresenceService {
  readonly #deps: PresenceDependencies;

  constructor(dependencies: PresenceDependencies) {
    this.#deps = dependencies;
  }

  /** Null when they don't show it to the viewer. Throws `not_found`. */
  async get(viewer: User, userId: string): Promise<Presence | null> {
    const { users, repo, online } = this.#deps;
    if (!(await users.isVisible(viewer, userId))) throw new AppError('not_found');
    const shown = await repo.shownTo(viewer, [userId]);
    const { online: there } = await online.among([...shown.keys()]);
    return presences(shown, there)[0] ?? null;
  }

  /** Of those who show it; a client is told of their changes from what is answered on. */
  async watch(client: SocketClient<'signedIn'>, userIds: readonly string[]): Promise<Presence[]> {
    const { repo } = this.#deps;
    const found = await repo.shownTo(client.user, [...new Set(userIds)]);
    client.watch([...found.keys()]);
    // Asked again: who hid meanwhile took nobody out of the room yet.
    const shown = await repo.shownTo(client.user, [...found.keys()]);
    client.watch([...shown.keys()]);
    const there = await this.#present([...shown.keys()]);
    return presences(shown, there).filter(({ userId }) => client.isWatching(userId));
  }

  /** One of the two may have less to see of the other than before: their connections are told so. */
  async reconsider(userId: string, viewerId: string): Promise<void> {
    const { repo, emitter } = this.#deps;
    const viewer = await repo.viewer(viewerId);
    if (viewer === null || (await repo.shownTo(viewer, [userId])).size > 0) return;
    await emitter.remove(rooms.user(viewerId), rooms.presence(userId));
  }

  /** The user's privacy setting changed: whoever is told of them has to ask again. */
  async reset(userId: string): Promise<void> {
    await this.#deps.emitter.remove(rooms.presence(userId), rooms.presence(userId));
  }

  /** Who is online, not older than what the connections of this process have been told already. */
  async #present(userIds: readonly string[]): Promise<Set<string>> {
    const { online, stream } = this.#deps;
    for (let attempt = 0; attempt < 5; attempt++) {
      const { online: there, position } = await online.among(userIds);
      const told = stream.position;
      if (position === null || told === null || !isBefore(position, told)) return there;
    }
    throw new AppError('overloaded');
  }
}

function presences(shown: ReadonlyMap<string, Date | null>, online: ReadonlySet<string>): Presence[] {
  return [...shown].map(([userId, lastSeenAt]) =>
    online.has(userId)
      ? { userId, online: true, lastSeenAt: null }
      : { userId, online: false, lastSeenAt: lastSeenAt?.toISOString() ?? null },
  );
}
