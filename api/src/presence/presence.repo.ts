import type { Database, Prisma } from '@maydan/prisma';
import { visibleTo, type Viewer } from '../people/blocks.repo.ts';
import type { Away } from './OnlineUsers.ts';

/** Who may see whose presence, and when people were last seen, in PostgreSQL. */
export class PresenceRepo {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Those of these users who show their presence to the viewer, and when they were last seen (null: never). */
  async shownTo(viewer: NonNullable<Viewer>, userIds: readonly string[]): Promise<Map<string, Date | null>> {
    const rows = await this.#database.user.findMany({
      where: {
        AND: [
          { id: { in: [...userIds] }, bannedAt: null },
          { OR: [{ id: viewer.id }, { AND: [visibleTo(viewer), shownToUser(viewer.id)] }] },
        ],
      },
      select: { id: true, lastSeen: { select: { at: true } } },
    });
    return new Map(rows.map(({ id, lastSeen }) => [id, lastSeen?.at ?? null]));
  }

  /** Somebody as a viewer; null when there is no such user. */
  viewer(id: string): Promise<Viewer> {
    return this.#database.user.findUnique({ where: { id }, select: { id: true, role: true } });
  }

  /** Never goes back; those whose account is gone are left out. */
  async saw(away: readonly Away[]): Promise<void> {
    const ids = away.map(({ userId }) => userId);
    const times = away.map(({ lastSeenAt }) => lastSeenAt);
    await this.#database.$executeRaw`
      INSERT INTO "LastSeen" ("userId", "at")
      SELECT seen.id, seen.at
      FROM unnest(${ids}::uuid[], ${times}::timestamptz[]) AS seen (id, at)
      JOIN "User" ON "User"."id" = seen.id AND "User"."deletedAt" IS NULL
      ORDER BY seen.id
      ON CONFLICT ("userId") DO UPDATE SET "at" = GREATEST("LastSeen"."at", EXCLUDED."at")`;
  }
}

/** For queries: users whose privacy settings show their presence to this one. */
function shownToUser(userId: string): Prisma.UserWhereInput {
  return {
    OR: [
      { presenceFor: 'everyone' },
      { presenceFor: 'followed', follows: { some: { followeeId: userId } } },
      { presenceFor: 'contacts', contacts: { some: { contactId: userId } } },
    ],
  };
}
