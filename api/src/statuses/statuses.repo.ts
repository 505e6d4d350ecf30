import { AppError } from '@maydan/common';
import { maxStatuses, statusLifetimeMs, type StatusCreate } from '@maydan/contracts';
import type { Database, DatabaseTransaction, Prisma } from '@maydan/prisma';
import { actorOf, writeAudit } from '../audit/audit.repo.ts';
import { useMedia } from '../media/media.repo.ts';
import { listedTo, type Viewer } from '../people/blocks.repo.ts';
import { behind, publicFields, type Listed, type PageWish } from '../people/listed.ts';
import type { StatusRow } from './rows.ts';

export type SignedInViewer = NonNullable<Viewer>;

/** Statuses in PostgreSQL. One that has expired is as if not there. */
export class StatusesRepo {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /**
   * Stores it once for each `tempId`, also at once: what was stored before is answered with `made: false`. Throws `conflict`
   * beyond `maxStatuses`, and for a file that isn't the user's, ready, for a status, and in none yet.
   */
  create(userId: string, wish: StatusCreate, now: Date): Promise<{ id: string; made: boolean }> {
    return this.#database.$transaction(async (transaction) => {
      await transaction.$executeRaw`SELECT pg_advisory_xact_lock(820121, hashtext(${userId}))`;
      const key = { userId_tempId: { userId, tempId: wish.tempId } };
      const before = await transaction.status.findUnique({ where: key, select: { id: true } });
      if (before !== null) return { id: before.id, made: false };
      return { id: await insert(transaction, userId, wish, now), made: true };
    });
  }

  /** Null when the viewer may not see it. */
  find(viewer: SignedInViewer, id: string, now = new Date()): Promise<StatusRow | null> {
    return this.#database.status.findFirst({
      where: { AND: [{ id }, shownTo(viewer, now)] },
      include: included(viewer.id),
    });
  }

  /** Whose it is; null when the viewer may not see it. */
  async ownerOf(viewer: SignedInViewer, id: string, now = new Date()): Promise<string | null> {
    const where = { AND: [{ id }, shownTo(viewer, now)] };
    const row = await this.#database.status.findFirst({ where, select: { userId: true } });
    return row?.userId ?? null;
  }

  /** Those of these that the viewer may see. */
  findMany(viewer: SignedInViewer, ids: readonly string[], now = new Date()): Promise<StatusRow[]> {
    return this.#database.status.findMany({
      where: { AND: [{ id: { in: [...ids] } }, shownTo(viewer, now)] },
      include: included(viewer.id),
    });
  }

  /** Somebody's, as far as the viewer may see them, the oldest first. */
  list(viewer: SignedInViewer, userId: string, { after, take }: PageWish): Promise<StatusRow[]> {
    const ahead: Prisma.StatusWhereInput =
      after === null
        ? {}
        : { OR: [{ createdAt: { gt: after.at } }, { createdAt: after.at, id: { gt: after.id } }] };
    return this.#database.status.findMany({
      where: { AND: [{ userId }, shownTo(viewer, new Date()), ahead] },
      include: included(viewer.id),
      orderBy: [{ createdAt: 'asc' }, { id: 'asc' }],
      take,
    });
  }

  /** It expires at once, by the hand of somebody who may: the sweep removes what it leaves. Null when it has expired before. */
  async end(user: SignedInViewer, id: string): Promise<StatusRow | null> {
    const where = { id, expiresAt: { gt: new Date() } };
    return this.#database.$transaction(async (transaction) => {
      const { count } = await transaction.status.updateMany({ where, data: over });
      if (count === 0) return null;
      const row = await transaction.status.findUnique({ where: { id }, include: included(user.id) });
      if (row !== null && row.userId !== user.id) {
        const target = { kind: 'status', id } as const;
        const about = { actor: actorOf(user), target, userId: row.userId };
        await writeAudit(transaction, { ...about, action: 'status.deleted' });
      }
      return row;
    });
  }

  /** The user has seen it; the first time counts. One that goes meanwhile stays gone. */
  async see(viewerId: string, id: string): Promise<void> {
    await this.#database.$executeRaw`
      INSERT INTO "StatusView" ("statusId", "viewerId")
      SELECT "id", ${viewerId}::uuid FROM "Status" WHERE "id" = ${id}::uuid AND "expiresAt" > now() FOR KEY SHARE
      ON CONFLICT DO NOTHING`;
  }

  /** Who has seen it, the last one first, but for those with a block between them and the owner. */
  async viewers(ownerId: string, statusId: string, { after, take }: PageWish): Promise<Listed[]> {
    const viewer = listedTo({ id: ownerId, role: 'user' });
    const rows = await this.#database.statusView.findMany({
      where: { AND: [{ statusId, viewer }, behind(after, 'viewerId')] },
      orderBy: [{ createdAt: 'desc' }, { viewerId: 'desc' }],
      take,
      select: { createdAt: true, viewer: publicFields },
    });
    return rows.map(({ createdAt, viewer: user }) => ({ user, since: createdAt }));
  }

  /** How many `viewers` lists, by status. */
  async countViewers(ownerId: string, ids: readonly string[]): Promise<Map<string, number>> {
    if (ids.length === 0) return new Map();
    const rows = await this.#database.$queryRaw<{ id: string; viewers: number }[]>`
      SELECT wanted.id, (
        SELECT count(*) FROM "StatusView" v JOIN "User" u ON u."id" = v."viewerId" AND u."bannedAt" IS NULL
        WHERE v."statusId" = wanted.id
          AND NOT EXISTS (SELECT FROM "Block" WHERE "blockerId" = ${ownerId}::uuid AND "blockedId" = v."viewerId")
          AND NOT EXISTS (SELECT FROM "Block" WHERE "blockerId" = v."viewerId" AND "blockedId" = ${ownerId}::uuid)
      )::int AS "viewers"
      FROM unnest(${[...ids]}::uuid[]) AS wanted (id)`;
    return new Map(rows.map(({ id, viewers }) => [id, viewers]));
  }

  /** Whether the viewer may see a status that has the file. */
  async isFileShown(viewer: SignedInViewer, mediaId: string): Promise<boolean> {
    const where = { AND: [{ mediaId }, shownTo(viewer, new Date())] };
    return (await this.#database.status.count({ where })) > 0;
  }
}

/** Of a status that is to expire: no clock of any process sees it any more. */
export const over = { expiresAt: new Date(0) } as const;

async function insert(
  transaction: DatabaseTransaction,
  userId: string,
  { mediaId, ...wish }: StatusCreate,
  createdAt: Date,
): Promise<string> {
  const shown = await transaction.status.count({ where: { userId, expiresAt: { gt: createdAt } } });
  if (shown >= maxStatuses) {
    throw new AppError('conflict', `You show ${maxStatuses} statuses; delete one first.`);
  }
  const files = mediaId === undefined ? [] : [mediaId];
  await useMedia(transaction, files, { ownerId: userId, purpose: 'status', uses: 0 });
  const expiresAt = new Date(createdAt.getTime() + statusLifetimeMs);
  const data = { ...wish, userId, mediaId: mediaId ?? null, createdAt, expiresAt };
  return (await transaction.status.create({ data, select: { id: true } })).id;
}

/** For queries: statuses that the viewer may see. Only blocks, not audiences, are other for moderators. */
function shownTo(viewer: SignedInViewer, now: Date): Prisma.StatusWhereInput {
  const { id } = viewer;
  return {
    expiresAt: { gt: now },
    OR: [
      { userId: id },
      {
        user: listedTo(viewer),
        OR: [
          { audience: 'everyone' },
          { audience: 'followers', user: { followers: { some: { followerId: id } } } },
          { audience: 'contacts', user: { contacts: { some: { contactId: id } } } },
        ],
      },
    ],
  };
}

function included(viewerId: string) {
  return {
    user: publicFields,
    media: true,
    views: { where: { viewerId }, select: { createdAt: true } },
  } satisfies Prisma.StatusInclude;
}
