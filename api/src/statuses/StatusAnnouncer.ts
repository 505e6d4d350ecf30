import type { Logger } from '@maydan/common';
import type { ServerEventPayload } from '@maydan/contracts';
import { InTurn } from '../limits/InTurn.ts';
import type { MediaViews } from '../media/mediaViews.ts';
import type { OnlineUsers } from '../presence/OnlineUsers.ts';
import type { Emitter } from '../realtime/Emitter.ts';
import { rooms, type Room } from '../realtime/rooms.ts';
import type { Cursor } from '../sessions/cursor.ts';
import { toOwnStatus, toStatus, type StatusRow } from './rows.ts';
import { followersAtOnce, type StatusFollower, type StatusFollowersRepo } from './statusFollowers.repo.ts';

type StatusEvent = 'status:created' | 'status:deleted';

export interface StatusAnnouncerDependencies {
  readonly followers: StatusFollowersRepo;
  readonly online: Pick<OnlineUsers, 'among'>;
  readonly views: MediaViews;
  readonly emitter: Emitter;
  readonly logger: Logger;
}

/**
 * Tells of statuses, after the answer: first the owner's own connections, then followers who are connected. A star's followers
 * are read some at a time and one status after the other, and only where somebody is online there is something to send.
 */
export class StatusAnnouncer {
  readonly #deps: StatusAnnouncerDependencies;
  readonly #turns = new InTurn();
  readonly #walks = new Set<Promise<void>>();
  #closed = false;

  constructor(dependencies: StatusAnnouncerDependencies) {
    this.#deps = dependencies;
  }

  async created(row: StatusRow): Promise<void> {
    const { emitter, views } = this.#deps;
    await emitter.emit(rooms.user(row.userId), 'status:created', { status: toOwnStatus(row, views, 0) });
    this.#begin(row, 'status:created', { status: { ...toStatus(row, views), seen: false } });
  }

  async deleted(row: StatusRow): Promise<void> {
    const payload = { statusId: row.id, userId: row.userId };
    await this.#deps.emitter.emit(rooms.user(row.userId), 'status:deleted', payload);
    this.#begin(row, 'status:deleted', payload);
  }

  /** Ends between two parts of the followers: those who aren't told see it in their lists. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all(this.#walks);
  }

  #begin<E extends StatusEvent>(row: StatusRow, event: E, payload: ServerEventPayload<E>): void {
    const walk: Promise<void> = this.#turns
      .run('followers', () => this.#tell(row, event, payload))
      .catch((error: unknown) => {
        this.#deps.logger.warn({ err: error, statusId: row.id }, 'followers were not told of a status');
      })
      .finally(() => this.#walks.delete(walk));
    this.#walks.add(walk);
  }

  async #tell<E extends StatusEvent>(
    { userId, audience }: StatusRow,
    event: E,
    payload: ServerEventPayload<E>,
  ): Promise<void> {
    const { followers, emitter } = this.#deps;
    let after: Cursor | null = null;
    while (!this.#closed) {
      const found: StatusFollower[] = await followers.next(userId, audience, after);
      await emitter.emit(await this.#connected(found), event, payload);
      const last = found.at(-1);
      if (last === undefined || found.length < followersAtOnce) return;
      after = { at: last.since, id: last.id };
    }
  }

  async #connected(found: readonly StatusFollower[]): Promise<Room[]> {
    const { online } = await this.#deps.online.among(found.map(({ id }) => id));
    return found.filter(({ id, justLeft }) => justLeft || online.has(id)).map(({ id }) => rooms.user(id));
  }
}
