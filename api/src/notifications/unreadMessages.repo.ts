import type { DatabaseTransaction, NotificationCause } from '@maydan/prisma';

/** Who of these has a connection at any of the api processes. Rejects when nobody can say, as Redis is away. */
export type WhoIsOnline = (userIds: readonly string[]) => Promise<ReadonlySet<string>>;

interface DueMessage {
  readonly key: string;
  readonly userId: string;
  readonly createdAt: Date;
  /** Something of the conversation still is. */
  readonly unread: boolean;
}

/** Who is connected for so long without reading knows of it. */
const newsMs = 24 * 3_600_000;
/** In a lively conversation each answer leaves one that was read: they are dealt with together. */
const batch = 200;

/**
 * Of the causes of messages that are due: who has read isn't told; who hasn't, but is connected, is shown it anyway and is
 * asked about again, ever less often, in case they go without reading. While nobody can say who is connected, all who haven't
 * read wait, for however long that takes. Whether `cause`, one of them, is to be told now.
 */
export async function isToBeTold(
  transaction: DatabaseTransaction,
  cause: NotificationCause,
  whoIsOnline: WhoIsOnline,
  now: Date,
): Promise<boolean> {
  const due = await dueMessages(transaction, now);
  const unread = due.filter((one) => one.unread);
  const online = await whoIsOnline(unread.map(({ userId }) => userId)).catch(() => null);
  const isOld = ({ createdAt }: DueMessage): boolean => now.getTime() - createdAt.getTime() >= newsMs;
  const isWaiting = (one: DueMessage): boolean => online?.has(one.userId) ?? true;
  const isKnown = (one: DueMessage): boolean => online !== null && isWaiting(one) && isOld(one);
  await forget(
    transaction,
    due.filter((one) => !one.unread || isKnown(one)),
  );
  await putOff(
    transaction,
    unread.filter((one) => isWaiting(one) && !isKnown(one)),
    now,
  );
  return unread.some((one) => one.key === cause.key && !isWaiting(one));
}

function dueMessages(transaction: DatabaseTransaction, now: Date): Promise<DueMessage[]> {
  return transaction.$queryRaw<DueMessage[]>`
    SELECT n."key", n."userId", n."createdAt", coalesce(me."lastReadSeq" < c."lastSeq", false) AS "unread"
    FROM "NotificationCause" n
    LEFT JOIN "Conversation" c ON c."id" = (n."data"->>'conversationId')::uuid AND c."deletedAt" IS NULL
    LEFT JOIN "Member" me ON me."conversationId" = c."id" AND me."userId" = n."userId"
    WHERE n."dueAt" <= ${now}::timestamptz AND n."type" = 'message' AND n."userId" IS NOT NULL
    ORDER BY n."dueAt" LIMIT ${batch} FOR UPDATE OF n SKIP LOCKED`;
}

/** What was read comes under another key when there is something new, so nothing is told twice. */
async function forget(transaction: DatabaseTransaction, read: readonly DueMessage[]): Promise<void> {
  if (read.length === 0) return;
  await transaction.notificationCause.deleteMany({ where: { key: { in: read.map(({ key }) => key) } } });
}

/** For as long as they are old, but at least 20 seconds and at most two minutes. */
async function putOff(
  transaction: DatabaseTransaction,
  waiting: readonly DueMessage[],
  now: Date,
): Promise<void> {
  if (waiting.length === 0) return;
  await transaction.$executeRaw`
    UPDATE "NotificationCause" SET "dueAt" = ${now}::timestamptz
      + least(greatest(${now}::timestamptz - "createdAt", interval '20 seconds'), interval '2 minutes')
    WHERE "key" = ANY(${waiting.map(({ key }) => key)}::text[])`;
}
