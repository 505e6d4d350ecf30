import type { NotificationType } from '@maydan/contracts';
import { Prisma, type Database, type Notification } from '@maydan/prisma';
import { visibleSql, type Viewer } from '../people/blocks.repo.ts';
import { publicFields, type PageWish } from '../people/listed.ts';
import type { Actors } from './rows.ts';

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

  /** The viewer's own, without those of which everybody who did it is hidden from them. */
  list(
    viewer: NonNullable<Viewer>,
    { type, unread }: NotificationFilter,
    { after, take }: PageWish,
  ): Promise<Notification[]> {
    const ofType = type === undefined ? Prisma.empty : Prisma.sql`AND "type" = ${type}::"NotificationType"`;
    const thatUnread = unread ? Prisma.sql`AND "readAt" IS NULL` : Prisma.empty;
    const behind =
      after === null
        ? Prisma.empty
        : Prisma.sql`AND ("at", "id") < (${after.at}::timestamptz, ${after.id}::uuid)`;
    return this.#database.$queryRaw<Notification[]>`
      SELECT * FROM "Notification"
      WHERE "userId" = ${viewer.id}::uuid AND "shown" ${ofType} ${thatUnread} ${behind} AND ${isSeenBy(viewer)}
      ORDER BY "at" DESC, "id" DESC LIMIT ${take}`;
  }

  /** The newest actors of all rows whom the viewer may see, and all who are hidden from them; two queries. */
  async actorsOf(viewer: Viewer, rows: readonly Notification[]): Promise<Actors> {
    const all = [...new Set(rows.flatMap(({ actorIds }) => actorIds))];
    if (all.length === 0) return { users: new Map(), hidden: new Set() };
    const blocked = await this.#database.$queryRaw<{ id: string }[]>`
      SELECT "id" FROM unnest(${all}::uuid[]) AS "User"("id") WHERE NOT (${visibleSql(viewer)})`;
    const hidden = new Set(blocked.map(({ id }) => id));
    const newest = rows.flatMap(({ actorIds }) =>
      actorIds.filter((id) => !hidden.has(id)).slice(0, lookedUp),
    );
    const users = await this.#database.user.findMany({
      where: { id: { in: [...new Set(newest)] }, bannedAt: null },
      ...publicFields,
    });
    return { users: new Map(users.map((user) => [user.id, user])), hidden };
  }

  /** Of those that `list` has. */
  async countUnread(viewer: NonNullable<Viewer>): Promise<number> {
    const [row] = await this.#database.$queryRaw<{ count: number }[]>`
      SELECT count(*)::int AS "count" FROM (
        SELECT FROM "Notification"
        WHERE "userId" = ${viewer.id}::uuid AND "shown" AND "readAt" IS NULL AND ${isSeenBy(viewer)}
        LIMIT ${countedUnread}) AS "some"`;
    return row?.count ?? 0;
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

/** For a query that reads "Notification": the platform did it, or somebody who isn't hidden from the viewer, or more than are kept. */
function isSeenBy(viewer: Viewer): Prisma.Sql {
  return Prisma.sql`("actorCount" > cardinality("actorIds") OR cardinality("actorIds") = 0
    OR EXISTS (SELECT FROM unnest("actorIds") AS "User"("id") WHERE ${visibleSql(viewer)}))`;
}
