import type { Relation } from '@maydan/contracts';
import { Prisma, type Database } from '@maydan/prisma';
import { followCause } from '../notifications/causes.ts';
import { notify } from '../notifications/causes.repo.ts';
import { eitherBlocksIn, listedTo, lockPair, type Viewer } from './blocks.repo.ts';
import { behind, publicFields, type Listed, type PageWish } from './listed.ts';
import { subscribesSql } from './subscribers.repo.ts';

/** What became of a wish to follow or to keep somebody; `hidden`: there is no such user, or a block lies between them. */
export type Outcome = 'made' | 'was' | 'hidden' | 'tooMany';

/** Who follows whom in PostgreSQL. A trigger keeps `FollowCount` equal to the rows, whoever adds or deletes them. */
export class FollowsRepo {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Never while one of the two blocks the other, also when both happen at once. */
  create(followerId: string, followeeId: string, most: number): Promise<Outcome> {
    return this.#database.$transaction(async (transaction) => {
      await lockPair(transaction, followerId, followeeId);
      const followee = await transaction.user.count({ where: { id: followeeId, bannedAt: null } });
      if (followee === 0 || (await eitherBlocksIn(transaction, followerId, followeeId))) return 'hidden';
      const key = { followerId_followeeId: { followerId, followeeId } };
      if ((await transaction.follow.findUnique({ where: key })) !== null) return 'was';
      const counts = await transaction.followCount.findUnique({ where: { userId: followerId } });
      if ((counts?.following ?? 0) >= most) return 'tooMany';
      await transaction.follow.create({ data: { followerId, followeeId } });
      await notify(transaction, followCause(followerId, followeeId));
      return 'made';
    });
  }

  /** False when there was nothing to remove. */
  async remove(followerId: string, followeeId: string): Promise<boolean> {
    const { count } = await this.#database.follow.deleteMany({ where: { followerId, followeeId } });
    return count > 0;
  }

  /** Who follows somebody, the newest first, as far as the viewer sees them. */
  async followers(followeeId: string, viewer: Viewer, { after, take }: PageWish): Promise<Listed[]> {
    const rows = await this.#database.follow.findMany({
      where: { AND: [{ followeeId, follower: listedTo(viewer) }, behind(after, 'followerId')] },
      orderBy: [{ createdAt: 'desc' }, { followerId: 'desc' }],
      take,
      select: { createdAt: true, follower: publicFields },
    });
    return rows.map(({ createdAt, follower }) => ({ user: follower, since: createdAt }));
  }

  /** Whom somebody follows, the newest first, as far as the viewer sees them. */
  async following(followerId: string, viewer: Viewer, { after, take }: PageWish): Promise<Listed[]> {
    const rows = await this.#database.follow.findMany({
      where: { AND: [{ followerId, followee: listedTo(viewer) }, behind(after, 'followeeId')] },
      orderBy: [{ createdAt: 'desc' }, { followeeId: 'desc' }],
      take,
      select: { createdAt: true, followee: publicFields },
    });
    return rows.map(({ createdAt, followee }) => ({ user: followee, since: createdAt }));
  }

  /** How the viewer stands to somebody else; one query. */
  async relation(viewerId: string, otherId: string): Promise<Relation> {
    const [row] = await this.#database.$queryRaw<Relation[]>`
      WITH pair AS (SELECT ${viewerId}::uuid AS me, ${otherId}::uuid AS other)
      SELECT
        EXISTS (SELECT FROM "Follow" WHERE "followerId" = me AND "followeeId" = other) AS "following",
        EXISTS (SELECT FROM "Follow" WHERE "followerId" = other AND "followeeId" = me) AS "followedBy",
        EXISTS (SELECT FROM "Contact" WHERE "ownerId" = me AND "contactId" = other) AS "contact",
        ${subscribesSql(Prisma.sql`other`, Prisma.sql`me`)} AS "subscribed",
        EXISTS (SELECT FROM "Block" WHERE "blockerId" = me AND "blockedId" = other) AS "blocking"
      FROM pair`;
    if (row === undefined) throw new Error('PostgreSQL answered no row');
    return row;
  }
}
