import type { DatabaseTransaction, NotificationCause } from '@maydan/prisma';

/** Who of these has a connection at any of the api processes. */
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
 * asked about again, ever less often, in case they go without reading. Whether `cause`, one of them, is to be told now.
 */
export async function isToBeTold(
  transaction: DatabaseTransaction,
  cause: NotificationCause,
  whoIsOnline: WhoIsOnline,
  now: Date,
): Promise<boolean> {
  const due = await dueMessages(transaction, now);
  const isNews = ({ unread, createdAt }: DueMessage): boolean =>
    unread && now.getTime() - createdAt.getTime() < newsMs;
  const news = due.filter(isNews);
  const online = await whoIsOnline(news.map(({ userId }) => userId));
  const [waiting, told] = [
    news.filter(({ userId }) => online.has(userId)),
    news.filter(({ userId }) => !online.has(userId)),
  ];
  await forget(
    transaction,
    due.filter((one) => !isNews(one)),
  );
  await putOff(transaction, waiting, now);
  return told.some(({ key }) => key === cause.key);
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
