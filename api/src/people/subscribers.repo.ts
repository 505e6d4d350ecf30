import { Prisma, type Database } from '@maydan/prisma';
import { eitherBlocksIn, lockPair } from './blocks.repo.ts';
import { behind, publicFields, type Listed, type PageWish } from './listed.ts';

export type ListedSubscriber = Listed & { readonly until: Date | null };

const fields = { createdAt: true, until: true, user: publicFields } as const;

/** Whom hosts have admitted as subscribers, in PostgreSQL. */
export class SubscribersRepo {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Again it changes `until`. Never while one of the two blocks the other, also when both happen at once. */
  admit(
    hostId: string,
    userId: string,
    until: Date | null,
    most: number,
  ): Promise<ListedSubscriber | 'hidden' | 'tooMany'> {
    return this.#database.$transaction(async (transaction) => {
      await lockPair(transaction, hostId, userId);
      const found = await transaction.user.count({ where: { id: userId, bannedAt: null } });
      if (found === 0 || (await eitherBlocksIn(transaction, hostId, userId))) return 'hidden';
      const where = { hostId_userId: { hostId, userId } };
      if ((await transaction.subscriber.findUnique({ where })) === null) {
        if ((await transaction.subscriber.count({ where: { hostId } })) >= most) return 'tooMany';
      }
      const create = { hostId, userId, until };
      return listed(
        await transaction.subscriber.upsert({ where, create, update: { until }, select: fields }),
      );
    });
  }

  /** False when they weren't. */
  async remove(hostId: string, userId: string): Promise<boolean> {
    const { count } = await this.#database.subscriber.deleteMany({ where: { hostId, userId } });
    return count > 0;
  }

  /** The newest first. */
  async list(hostId: string, { after, take }: PageWish): Promise<ListedSubscriber[]> {
    const rows = await this.#database.subscriber.findMany({
      where: { AND: [{ hostId, user: { bannedAt: null } }, behind(after, 'userId')] },
      orderBy: [{ createdAt: 'desc' }, { userId: 'desc' }],
      take,
      select: fields,
    });
    return rows.map(listed);
  }
}

/** Whether the host has admitted the user, and that isn't over; for a query in SQL. */
export function subscribesSql(hostId: Prisma.Sql, userId: Prisma.Sql): Prisma.Sql {
  return Prisma.sql`EXISTS (
    SELECT FROM "Subscriber" sub WHERE sub."hostId" = ${hostId} AND sub."userId" = ${userId}
      AND (sub."until" IS NULL OR sub."until" > now()))`;
}

function listed({
  createdAt,
  ...row
}: Omit<ListedSubscriber, 'since'> & { createdAt: Date }): ListedSubscriber {
  return { ...row, since: createdAt };
}
