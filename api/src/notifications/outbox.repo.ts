import { notificationData, type NotificationType } from '@maydan/contracts';
import { Prisma, type Database, type DatabaseTransaction, type NotificationCause } from '@maydan/prisma';
import { deliveryOf, type Delivered, type Wishes } from './delivery.ts';
import { quietOf, type QuietColumns } from './quietHours.ts';
import { remindedOf, reminderNow } from './reminded.repo.ts';
import { isToBeTold, type WhoIsOnline } from './unreadMessages.repo.ts';

/** Followers who are told in one transaction. */
const batch = 500;
/** A cause that always fails is given up after so many attempts. */
const maxAttempts = 20;
/** Of a notification that grows, at most one push in this time. */
const pushEveryMin = 10;
/** People of a notification whose ids are kept. */
const keptActors = 50;

/** A notification that was made, or has grown. */
export interface Told {
  readonly userId: string;
  readonly id: string;
  readonly shown: boolean;
  readonly count: number;
  readonly pushAt: Date | null;
}

/** A cause that could not be dealt with. */
export class CauseFailed extends Error {
  readonly key: string;
  /** Those before this one. */
  readonly attempts: number;

  constructor({ key, attempts }: Pick<NotificationCause, 'key' | 'attempts'>, cause: unknown) {
    super('a cause could not be dealt with', { cause });
    this.key = key;
    this.attempts = attempts;
  }
}

interface Receiver {
  readonly userId: string;
  readonly createdAt: Date;
}

/**
 * The causes that are due, in PostgreSQL. Each is locked while it is dealt with, and what becomes of it is written in the same
 * transaction: of any number of processes one deals with it, and one that is killed leaves it as it was.
 */
export class OutboxRepo {
  readonly #database: Database;
  readonly #whoIsOnline: WhoIsOnline;

  constructor(database: Database, whoIsOnline: WhoIsOnline) {
    this.#database = database;
    this.#whoIsOnline = whoIsOnline;
  }

  async isDue(): Promise<boolean> {
    const found = await this.#database.notificationCause.findFirst({
      where: { dueAt: { lte: new Date() } },
      select: { key: true },
    });
    return found !== null;
  }

  /** Deals with the cause that waits longest, or a part of it; null when there is none. Throws `CauseFailed`. */
  async dealWithOne(now = new Date()): Promise<Told[] | null> {
    let taken: NotificationCause | undefined;
    try {
      return await this.#database.$transaction(
        async (transaction) => {
          const cause = await takeCause(transaction, now);
          if (cause === null) return null;
          taken = cause;
          const told =
            cause.type !== 'message' || (await isToBeTold(transaction, cause, this.#whoIsOnline, now));
          if (!told) return [];
          if (cause.type !== 'reminder') return dealWith(transaction, cause, now);
          const data = await reminderNow(transaction, cause);
          if (data !== null) return dealWith(transaction, { ...cause, data }, now);
          await dropReminder(transaction, cause);
          return [];
        },
        { timeout: 15_000, maxWait: 5_000 },
      );
    } catch (error) {
      throw taken === undefined ? error : new CauseFailed(taken, error);
    }
  }

  /**
   * Later, ever more so; `givenUp` when it was tried too often. Each attempt counts once: another process may have failed at it
   * before this one could write that it did.
   */
  async putOff({ key, attempts }: Pick<CauseFailed, 'key' | 'attempts'>): Promise<'putOff' | 'givenUp'> {
    const [row] = await this.#database.$queryRaw<{ dueAt: Date | null }[]>`
      UPDATE "NotificationCause" SET "attempts" = "attempts" + 1,
        "dueAt" = CASE WHEN "attempts" + 1 < ${maxAttempts}::int
          THEN now() + least(power(2, "attempts"), 300) * interval '1 second' END
      WHERE "key" = ${key} AND "attempts" = ${attempts}::int RETURNING "dueAt"`;
    return row !== undefined && row.dueAt === null ? 'givenUp' : 'putOff';
  }

  /** Forgets what happened before a time and was dealt with. */
  async deleteBefore(before: Date): Promise<number> {
    const { count } = await this.#database.notificationCause.deleteMany({
      where: { createdAt: { lt: before }, dueAt: null },
    });
    return count;
  }
}

async function takeCause(transaction: DatabaseTransaction, now: Date): Promise<NotificationCause | null> {
  const [cause] = await transaction.$queryRaw<NotificationCause[]>`
    SELECT * FROM "NotificationCause" WHERE "dueAt" <= ${now}::timestamptz
    ORDER BY "dueAt" LIMIT 1 FOR UPDATE SKIP LOCKED`;
  return cause ?? null;
}

/** Many come in parts; those who wait meanwhile for something else come between them. */
async function dealWith(
  transaction: DatabaseTransaction,
  cause: NotificationCause,
  now: Date,
): Promise<Told[]> {
  const many = cause.userId === null ? await nextOf(transaction, cause) : [];
  const receivers = cause.userId === null ? many.map(({ userId }) => userId) : [cause.userId];
  const wishes = await wishesOf(transaction, cause, receivers);
  const delivered = wishes.flatMap((wish) => deliveryOf(wish, cause.type, cause.createdAt, now) ?? []);
  const told = delivered.length === 0 ? [] : await write(transaction, cause, delivered);
  const last = many.length < batch ? undefined : many.at(-1);
  await transaction.notificationCause.update({
    where: { key: cause.key },
    data:
      last === undefined
        ? { dueAt: null }
        : { dueAt: new Date(), toldUpToId: last.userId, toldUpToAt: last.createdAt },
  });
  return told;
}

/** Without a trace, unless some were told: the session may be moved back to that time. */
async function dropReminder(transaction: DatabaseTransaction, { key, toldUpToId }: NotificationCause) {
  if (toldUpToId === null) await transaction.notificationCause.delete({ where: { key } });
  else await transaction.notificationCause.update({ where: { key }, data: { dueAt: null } });
}

function nextOf(transaction: DatabaseTransaction, cause: NotificationCause): Promise<Receiver[]> {
  return cause.type === 'reminder' ? remindedOf(transaction, cause, batch) : followersOf(transaction, cause);
}

/** The next ones, those who follow for the shortest time first; nobody who came after the cause. */
function followersOf(transaction: DatabaseTransaction, cause: NotificationCause): Promise<Receiver[]> {
  const { actorId, createdAt, toldUpToAt, toldUpToId } = cause;
  const behind =
    toldUpToAt === null
      ? Prisma.sql`"createdAt" <= ${createdAt}::timestamptz`
      : Prisma.sql`("createdAt", "followerId") < (${toldUpToAt}::timestamptz, ${toldUpToId}::uuid)`;
  return transaction.$queryRaw<Receiver[]>`
    SELECT "followerId" AS "userId", "createdAt" FROM "Follow" WHERE "followeeId" = ${actorId}::uuid AND ${behind}
    ORDER BY "createdAt" DESC, "followerId" DESC LIMIT ${batch}`;
}

interface WishRow extends QuietColumns {
  readonly userId: string;
  readonly inApp: boolean;
  readonly push: boolean;
  readonly hasDevice: boolean;
}

/** For a query that reads "User" as u and its settings as s: somebody who is reminded of the session that is live. */
function isReminded({ type, data }: NotificationCause): Prisma.Sql {
  if (type !== 'stream') return Prisma.sql`FALSE`;
  const { sessionId } = notificationData.stream.parse(data);
  return Prisma.sql`
    EXISTS (SELECT FROM "SessionReminder" WHERE "sessionId" = ${sessionId}::uuid AND "userId" = u."id")
    AND (coalesce('reminder' <> ALL (s."inAppOff"), true) OR (coalesce('reminder' <> ALL (s."pushOff"), true)
      AND EXISTS (SELECT FROM "PushDevice" WHERE "userId" = u."id")))`;
}

/** Of those who may be told; in the order of their ids, so that processes don't wait for each other in a circle. */
async function wishesOf(
  transaction: DatabaseTransaction,
  cause: NotificationCause,
  userIds: string[],
): Promise<Wishes[]> {
  const { type, actorId } = cause;
  const rows = await transaction.$queryRaw<WishRow[]>`
    SELECT u."id" AS "userId", s."quietFromMin", s."quietToMin", s."timeZone",
      coalesce(${type}::"NotificationType" <> ALL (s."inAppOff"), true) AS "inApp",
      coalesce(${type}::"NotificationType" <> ALL (s."pushOff"), true) AS "push",
      EXISTS (SELECT FROM "PushDevice" WHERE "userId" = u."id") AS "hasDevice"
    FROM "User" u LEFT JOIN "NotificationSettings" s ON s."userId" = u."id"
    WHERE u."id" = ANY(${userIds}::uuid[]) AND u."bannedAt" IS NULL AND u."id" IS DISTINCT FROM ${actorId}::uuid
      AND NOT EXISTS (SELECT FROM "User" WHERE "id" = ${actorId}::uuid AND "bannedAt" IS NOT NULL)
      AND NOT EXISTS (SELECT FROM "Block" WHERE "blockerId" = u."id" AND "blockedId" = ${actorId}::uuid)
      AND NOT EXISTS (SELECT FROM "Block" WHERE "blockerId" = ${actorId}::uuid AND "blockedId" = u."id")
      AND NOT (${isReminded(cause)})
    ORDER BY u."id"`;
  return rows.map((row) => ({ ...row, quiet: quietOf(row) }));
}

/** New rows; where an unread one of the group is, that one grows. */
function write(
  transaction: DatabaseTransaction,
  cause: NotificationCause,
  delivered: readonly Delivered[],
): Promise<Told[]> {
  const { id, groupKey, actorId, createdAt } = cause;
  const type: NotificationType = cause.type;
  const actors = actorId === null ? [] : [actorId];
  return transaction.$queryRaw<Told[]>`
    INSERT INTO "Notification" AS n
      ("userId", "id", "type", "groupKey", "openKey", "shown", "actorIds", "actorCount", "data", "at", "pushAt")
    SELECT r."userId", ${id}::uuid, ${type}::"NotificationType", ${groupKey}, CASE WHEN r."shown" THEN ${groupKey} END, r."shown",
      ${actors}::uuid[], ${actors.length}::int, ${JSON.stringify(cause.data)}::jsonb, ${createdAt}::timestamptz, r."pushAt"
    FROM unnest(${delivered.map(({ userId }) => userId)}::uuid[], ${delivered.map(({ shown }) => shown)}::boolean[],
      ${delivered.map(({ pushAt }) => pushAt)}::timestamptz[]) AS r("userId", "shown", "pushAt")
    ORDER BY r."userId"
    ON CONFLICT ("userId", "openKey") DO UPDATE SET
      "count" = n."count" + 1,
      "actorCount" = n."actorCount" + CASE WHEN EXCLUDED."actorIds" <@ n."actorIds" THEN 0 ELSE 1 END,
      "actorIds" = (EXCLUDED."actorIds" || array_remove(n."actorIds", ${actorId}::uuid))[1:${keptActors}::int],
      "data" = EXCLUDED."data",
      "at" = greatest(n."at", EXCLUDED."at"),
      "pushAt" = CASE WHEN EXCLUDED."pushAt" IS NULL THEN n."pushAt" ELSE
        coalesce(n."pushAt", greatest(EXCLUDED."pushAt", n."pushedAt" + ${pushEveryMin}::int * interval '1 minute')) END
    RETURNING "userId", "id", "shown", "count", "pushAt"`;
}
