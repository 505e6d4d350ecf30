import type { Role } from '@maydan/contracts';
import { Prisma, type Database, type DatabaseTransaction } from '@maydan/prisma';
import { behind, publicFields, type Listed, type PageWish } from './listed.ts';

/** Who looks; null is somebody who isn't signed in. */
export type Viewer = { readonly id: string; readonly role: Role } | null;

/**
 * Who is hidden from whom. A block hides both from each other, wherever people are named or met; only moderators and
 * admins see everybody, as that is their work.
 */
export class Blocks {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Whether one of them blocks the other: then neither follows, writes to or invites the other, whatever their roles. */
  eitherBlocks(one: string, other: string): Promise<boolean> {
    return eitherBlocksIn(this.#database, one, other);
  }

  /** Whether the other person is as if not there for the viewer. */
  async hides(viewer: Viewer, otherId: string): Promise<boolean> {
    if (viewer === null || seesAll(viewer) || viewer.id === otherId) return false;
    return this.eitherBlocks(viewer.id, otherId);
  }

  /** All who are hidden from somebody. */
  async hiddenFrom(viewer: NonNullable<Viewer>): Promise<string[]> {
    if (seesAll(viewer)) return [];
    const [blocked, blockers] = await Promise.all([
      this.#database.block.findMany({ where: { blockerId: viewer.id }, select: { blockedId: true } }),
      this.#database.block.findMany({ where: { blockedId: viewer.id }, select: { blockerId: true } }),
    ]);
    return [...blocked.map(({ blockedId }) => blockedId), ...blockers.map(({ blockerId }) => blockerId)];
  }

  /** Again it changes nothing. False when there is no such user. */
  async create(blockerId: string, blockedId: string): Promise<boolean> {
    return this.#database.$transaction(async (transaction) => {
      await lockPair(transaction, blockerId, blockedId);
      if ((await transaction.user.count({ where: { id: blockedId } })) === 0) return false;
      const ids = [blockerId, blockedId];
      await transaction.block.createMany({ data: { blockerId, blockedId }, skipDuplicates: true });
      await transaction.follow.deleteMany({ where: { followerId: { in: ids }, followeeId: { in: ids } } });
      await transaction.contact.deleteMany({ where: { ownerId: { in: ids }, contactId: { in: ids } } });
      await transaction.subscriber.deleteMany({ where: { hostId: { in: ids }, userId: { in: ids } } });
      const ofEither = { userId: { in: ids }, session: { hostId: { in: ids } } };
      await transaction.sessionReminder.deleteMany({ where: ofEither });
      return true;
    });
  }

  /** What the other may have blocked meanwhile stays so. */
  async remove(blockerId: string, blockedId: string): Promise<void> {
    await this.#database.$transaction(async (transaction) => {
      await lockPair(transaction, blockerId, blockedId);
      await transaction.block.deleteMany({ where: { blockerId, blockedId } });
    });
  }

  count(blockerId: string): Promise<number> {
    return this.#database.block.count({ where: { blockerId } });
  }

  /** Whom somebody blocks, the newest first. */
  async list(blockerId: string, { after, take }: PageWish): Promise<Listed[]> {
    const rows = await this.#database.block.findMany({
      where: { AND: [{ blockerId }, behind(after, 'blockedId')] },
      orderBy: [{ createdAt: 'desc' }, { blockedId: 'desc' }],
      take,
      select: { createdAt: true, blocked: publicFields },
    });
    return rows.map(({ createdAt, blocked }) => ({ user: blocked, since: createdAt }));
  }
}

/** For queries: users who aren't hidden from the viewer. */
export function visibleTo(viewer: Viewer): Prisma.UserWhereInput {
  if (viewer === null || seesAll(viewer)) return {};
  return {
    blocks: { none: { blockedId: viewer.id } },
    blockedBy: { none: { blockerId: viewer.id } },
  };
}

/** For queries: users who are listed to the viewer. Of a banned account nobody is told. */
export function listedTo(viewer: Viewer): Prisma.UserWhereInput {
  return { AND: [visibleTo(viewer), { bannedAt: null }] };
}

/** As `visibleTo`, for a query in SQL that reads "User". */
export function visibleSql(viewer: Viewer): Prisma.Sql {
  if (viewer === null || seesAll(viewer)) return Prisma.sql`TRUE`;
  return Prisma.sql`
    NOT EXISTS (SELECT FROM "Block" WHERE "blockerId" = ${viewer.id}::uuid AND "blockedId" = "User"."id")
    AND NOT EXISTS (SELECT FROM "Block" WHERE "blockerId" = "User"."id" AND "blockedId" = ${viewer.id}::uuid)`;
}

/** As `Blocks.eitherBlocks`, within a transaction; what it says stays so when the pair is locked. */
export async function eitherBlocksIn(
  database: Pick<DatabaseTransaction, 'block'>,
  one: string,
  other: string,
): Promise<boolean> {
  const found = await database.block.findFirst({
    where: {
      OR: [
        { blockerId: one, blockedId: other },
        { blockerId: other, blockedId: one },
      ],
    },
    select: { blockerId: true },
  });
  return found !== null;
}

/**
 * Until the transaction ends, others that lock the pair wait, so that nothing begins between two people while one of
 * them blocks the other. Locks of rows come before this one, but for the row of a direct conversation.
 */
export function lockPair(transaction: DatabaseTransaction, one: string, other: string): Promise<void> {
  return lockPairs(transaction, one, [other]);
}

/** Of one person with each of the others; always in the same order, so that nobody waits in a circle. */
export async function lockPairs(
  transaction: DatabaseTransaction,
  one: string,
  others: readonly string[],
): Promise<void> {
  const pairs = others.map((other) => [one, other].sort().join(' '));
  await transaction.$executeRaw`
    SELECT pg_advisory_xact_lock(820119, "lock") FROM (
      SELECT DISTINCT hashtext("pair") AS "lock" FROM unnest(${pairs}::text[]) AS "pair" ORDER BY 1) AS "locks"`;
}

function seesAll({ role }: { readonly role: Role }): boolean {
  return role !== 'user';
}
