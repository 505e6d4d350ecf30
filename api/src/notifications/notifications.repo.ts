import type { NotificationType, PublicUser } from '@maydan/contracts';
import type { Database, Notification } from '@maydan/prisma';
import { visibleTo, type Viewer } from '../people/blocks.repo.ts';
import { publicFields, type PageWish } from '../people/listed.ts';

/** Actors of a notification who are looked up, so that three are left when some may not be seen. */
const lookedUp = 8;
const countedUnread = 1_000;
/** Rows that are deleted in one statement. */
const deletedAtOnce = 5_000;

export interface NotificationFilter {
  readonly type?: NotificationType | undefined;
  readonly unread: boolean;
}
/** Some, or all up to a time. */
export type Which = { readonly ids: readonly string[] } | { readonly until: Date };

/** Notifications in PostgreSQL, as their owners see them. The outbox writes them. */
export class NotificationsRepo {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  find(userId: string, id: string): Promise<Notification | null> {
    return this.#database.notification.findUnique({ where: { userId_id: { userId, id } } });
  }

  list(
    userId: string,
    { type, unread }: NotificationFilter,
    { after, take }: PageWish,
  ): Promise<Notification[]> {
    const behind =
      after === null ? {} : { OR: [{ at: { lt: after.at } }, { at: after.at, id: { lt: after.id } }] };
    return this.#database.notification.findMany({
      where: {
        ...{ userId, shown: true },
        ...(type === undefined ? {} : { type }),
        ...(unread ? { readAt: null } : {}),
        ...behind,
      },
      orderBy: [{ at: 'desc' }, { id: 'desc' }],
      take,
    });
  }

  /** The newest actors of all rows that the viewer may see, by id; one query. */
  async actorsOf(viewer: Viewer, rows: readonly Notification[]): Promise<Map<string, PublicUser>> {
    const ids = [...new Set(rows.flatMap(({ actorIds }) => actorIds.slice(0, lookedUp)))];
    if (ids.length === 0) return new Map();
    const users = await this.#database.user.findMany({
      where: { id: { in: ids }, bannedAt: null, ...visibleTo(viewer) },
      ...publicFields,
    });
    return new Map(users.map((user) => [user.id, user]));
  }

  async countUnread(userId: string): Promise<number> {
    return this.#database.notification.count({
      where: { userId, shown: true, readAt: null },
      take: countedUnread,
    });
  }

  /** What is read takes nothing more in and isn't pushed any more. How many there were. */
  async markRead(userId: string, which: Which, now: Date): Promise<number> {
    const { count } = await this.#database.notification.updateMany({
      where: {
        ...{ userId, readAt: null },
        ...('ids' in which ? { id: { in: [...which.ids] } } : { at: { lte: which.until } }),
      },
      data: { readAt: now, openKey: null, pushAt: null },
    });
    return count;
  }

  async remove(userId: string, id: string): Promise<boolean> {
    const { count } = await this.#database.notification.deleteMany({ where: { userId, id } });
    return count > 0;
  }

  /** Deletes what was read or happened before these times; how many. */
  async deleteBefore(readBefore: Date, before: Date): Promise<number> {
    let total = 0;
    for (;;) {
      const count = await this.#database.$executeRaw`
        DELETE FROM "Notification" WHERE ctid = ANY(ARRAY(
          SELECT ctid FROM "Notification"
          WHERE "readAt" < ${readBefore}::timestamptz OR "at" < ${before}::timestamptz LIMIT ${deletedAtOnce}))`;
      total += count;
      if (count < deletedAtOnce) return total;
    }
  }
}
