import { AppError } from '@maydan/common';
import type { FileKind, MediaOutcome, MediaRefusal } from '@maydan/contracts';
import { Prisma, type Database, type DatabaseTransaction, type Media } from '@maydan/prisma';
import { behind, type PageWish } from '../people/listed.ts';

export type NewMedia = Pick<
  Media,
  'purpose' | 'declaredType' | 'declaredBytes' | 'name' | 'uploadExpiresAt'
> & {
  readonly ownerId: string;
  readonly kind: FileKind;
};

const dayMs = 24 * 3_600_000;

/** Files of people in PostgreSQL. State only moves by `UPDATE … WHERE state = from`, so what comes twice changes nothing. */
export class MediaRepo {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Throws `rate_limited` when the owner's files of a day would have more bytes than this together, also at once. */
  create(media: NewMedia, dailyBytes: number, now: Date): Promise<Media> {
    return this.#database.$transaction(async (transaction) => {
      await transaction.$executeRaw`SELECT pg_advisory_xact_lock(820120, hashtext(${media.ownerId}))`;
      const since = new Date(now.getTime() - dayMs);
      const { _sum: sum } = await transaction.media.aggregate({
        where: { ownerId: media.ownerId, createdAt: { gt: since } },
        _sum: { declaredBytes: true },
      });
      if ((sum.declaredBytes ?? 0) + media.declaredBytes > dailyBytes) {
        throw new AppError('rate_limited', 'That is too much for one day; go on tomorrow.', {
          retryAfterSec: dayMs / 1_000,
        });
      }
      return transaction.media.create({ data: media });
    });
  }

  find(id: string): Promise<Media | null> {
    return this.#database.media.findUnique({ where: { id } });
  }

  /** Somebody's own, the newest first. */
  list(ownerId: string, { after, take }: PageWish): Promise<Media[]> {
    return this.#database.media.findMany({
      where: { AND: [{ ownerId, state: { not: 'removing' } }, behind(after, 'id')] },
      orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
      take,
    });
  }

  /** Whether a profile or a group has the file. */
  async isPicture(id: string): Promise<boolean> {
    const found = await this.#database.media.count({
      where: { id, state: 'ready', purpose: { in: ['avatar', 'cover'] }, uses: { gt: 0 } },
    });
    return found > 0;
  }

  findMany(ids: readonly string[]): Promise<Media[]> {
    return this.#database.media.findMany({ where: { id: { in: [...ids] } } });
  }

  /** Null when it isn't awaited any more. */
  beginCheck(id: string): Promise<Media | null> {
    return this.#move(id, { state: 'awaiting' }, { state: 'checking' });
  }

  /** The check of a file has gone; false when it isn't being checked any more. */
  async checkAgain(id: string): Promise<boolean> {
    const where = { id, state: 'checking' } as const;
    const data = { tries: { increment: 1 }, stateChangedAt: new Date() };
    return (await this.#database.media.updateMany({ where, data })).count > 0;
  }

  refuse(id: string, reason: MediaRefusal): Promise<Media | null> {
    return this.#move(id, { state: 'checking' }, { state: 'refused', refusal: reason });
  }

  ready(id: string, outcome: Extract<MediaOutcome, { result: 'ready' }>): Promise<Media | null> {
    const { result, ...found } = outcome;
    return this.#move(id, { state: 'checking' }, { ...found, state: result });
  }

  /** Nobody sees it from now on; profiles and groups lose it at once. Null when it was so before. */
  async beginRemoval(id: string, where: Prisma.MediaWhereInput = {}): Promise<Media | null> {
    return this.#database.$transaction(async (transaction) => {
      const data = { state: 'removing', stateChangedAt: new Date() } as const;
      const found = { AND: [where, { id, state: { not: 'removing' as const } }] };
      const [row] = await transaction.media.updateManyAndReturn({ where: found, data });
      if (row === undefined) return null;
      if (row.purpose === 'avatar') {
        await transaction.user.updateMany({ where: { avatarId: id }, data: { avatarId: null } });
        await transaction.conversation.updateMany({ where: { avatarId: id }, data: { avatarId: null } });
      }
      if (row.purpose === 'cover')
        await transaction.user.updateMany({ where: { coverId: id }, data: { coverId: null } });
      return row;
    });
  }

  async uploadRemoved(id: string): Promise<void> {
    await this.#database.media.updateMany({ where: { id }, data: { uploadKept: false } });
  }

  /** Nothing is stored of it, and nothing can come. */
  async removed(id: string): Promise<void> {
    await this.#database.media.deleteMany({ where: { id, state: 'removing' } });
  }

  /** Being checked since then or longer. */
  checking(since: Date, take: number): Promise<Media[]> {
    return this.#inState('checking', since, take);
  }

  /** To be removed since then or longer. */
  removing(since: Date, take: number): Promise<Media[]> {
    return this.#inState('removing', since, take);
  }

  /** Shows when a removal was asked for last. */
  async removalAsked(ids: readonly string[]): Promise<void> {
    await this.#database.media.updateMany({
      where: { id: { in: [...ids] }, state: 'removing' },
      data: { stateChangedAt: new Date() },
    });
  }

  /** Ids of what nobody can use any more, or nobody has used since `unusedSince`: of each kind this many. */
  async abandoned(expiredBefore: Date, unusedSince: Date, take: number): Promise<string[]> {
    const found = await this.#database.$queryRaw<{ id: string }[]>(
      abandonedMedia(expiredBefore, unusedSince, take),
    );
    return [...new Set(found.map(({ id }) => id))];
  }

  /** Checked files whose upload can't be sent again but is still kept. */
  withOldUpload(expiredBefore: Date, take: number): Promise<Media[]> {
    return this.#database.media.findMany({
      where: {
        uploadKept: true,
        uploadExpiresAt: { lt: expiredBefore },
        state: { in: ['ready', 'refused'] },
      },
      take,
    });
  }

  #inState(state: Media['state'], since: Date, take: number): Promise<Media[]> {
    return this.#database.media.findMany({
      where: { state, stateChangedAt: { lt: since } },
      orderBy: { stateChangedAt: 'asc' },
      take,
    });
  }

  async #move(
    id: string,
    where: Prisma.MediaWhereInput,
    data: Prisma.MediaUpdateManyMutationInput,
  ): Promise<Media | null> {
    const change = { ...data, stateChangedAt: new Date() };
    const [row] = await this.#database.media.updateManyAndReturn({ where: { ...where, id }, data: change });
    return row ?? null;
  }
}

/**
 * Never sent, refused, unused, and nobody's files. Each kind walks an index of its own, most of them partial ones: hence
 * the states are written out, as the planner can't see in a parameter which index holds.
 */
export function abandonedMedia(expiredBefore: Date, unusedSince: Date, take: number): Prisma.Sql {
  return Prisma.sql`
    (SELECT "id" FROM "Media" WHERE "state" = 'awaiting' AND "uploadExpiresAt" < ${expiredBefore}
      ORDER BY "uploadExpiresAt" LIMIT ${take})
    UNION ALL (SELECT "id" FROM "Media" WHERE "state" = 'refused' AND "stateChangedAt" < ${unusedSince}
      ORDER BY "stateChangedAt" LIMIT ${take})
    UNION ALL (SELECT "id" FROM "Media" WHERE "state" = 'ready' AND "uses" = 0 AND "stateChangedAt" < ${unusedSince}
      ORDER BY "stateChangedAt" LIMIT ${take})
    UNION ALL (SELECT "id" FROM "Media" WHERE "ownerId" IS NULL AND "state" <> 'removing' ORDER BY "id" LIMIT ${take})`;
}

/** One more, or one fewer, place that has these files. Throws `conflict` unless all are the owner's and can be used so. */
export async function useMedia(
  transaction: DatabaseTransaction,
  ids: readonly string[],
  where: Prisma.MediaWhereInput,
): Promise<void> {
  const distinct = [...new Set(ids)];
  if (distinct.length === 0) return;
  await lockMedia(transaction, distinct);
  const { count } = await transaction.media.updateMany({
    where: { AND: [where, { id: { in: distinct }, state: 'ready' }] },
    data: { uses: { increment: 1 } },
  });
  if (count !== distinct.length)
    throw new AppError('conflict', 'A file is not there, not ready, or not for this.');
}

/** Files that nobody has any more are removed by the sweep. An id counts as often as it is there. */
export async function releaseMedia(transaction: DatabaseTransaction, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  await lockMedia(transaction, ids);
  await transaction.$executeRaw`
    UPDATE "Media" SET "uses" = greatest("uses" - gone.times, 0),
      "state" = CASE WHEN "uses" <= gone.times AND "state" = 'ready' THEN 'removing' ELSE "state" END,
      "stateChangedAt" = CASE WHEN "uses" <= gone.times AND "state" = 'ready' THEN to_timestamp(0) ELSE "stateChangedAt" END
    FROM (SELECT id, count(*)::int AS times FROM unnest(${[...ids]}::uuid[]) AS id GROUP BY id) AS gone
    WHERE "Media"."id" = gone.id`;
}

/** In the order of their ids, so that transactions don't wait for each other in a circle. */
async function lockMedia(transaction: DatabaseTransaction, ids: readonly string[]): Promise<void> {
  await transaction.$executeRaw`
    SELECT FROM "Media" WHERE "id" = ANY(${[...ids]}::uuid[]) ORDER BY "id" FOR NO KEY UPDATE`;
}
