import { notificationData, type NotificationData } from '@maydan/contracts';
import type { DatabaseTransaction, NotificationCause } from '@maydan/prisma';
import { isLetIn } from '../access/access.repo.ts';
import { onAirStates } from '../sessions/controlDocument.ts';

/** What is to be said of the session now; null: it begins at another time, or not at all, or is over. */
export async function reminderNow(
  transaction: DatabaseTransaction,
  cause: NotificationCause,
): Promise<NotificationData<'reminder'> | null> {
  const { sessionId, moment, scheduledStartAt } = notificationData.reminder.parse(cause.data);
  const session = await transaction.session.findUnique({
    where: { id: sessionId },
    select: { state: true, title: true, type: true, scheduledStartAt: true },
  });
  if (session === null) return null;
  const startsAt = session.scheduledStartAt?.toISOString() ?? null;
  const holds =
    moment === 'soon'
      ? session.state === 'idle' && startsAt === scheduledStartAt
      : onAirStates.includes(session.state);
  if (!holds) return null;
  const { title, type: sessionType } = session;
  return { sessionId, title: title.slice(0, 200), sessionType, moment, scheduledStartAt: startsAt };
}

/** The next ones who want to be reminded of the session, and may see it. */
export function remindedOf(
  transaction: DatabaseTransaction,
  cause: NotificationCause,
  take: number,
): Promise<{ userId: string; createdAt: Date }[]> {
  const { sessionId } = notificationData.reminder.parse(cause.data);
  const afterId = cause.toldUpToId ?? '00000000-0000-0000-0000-000000000000';
  return transaction.$queryRaw<{ userId: string; createdAt: Date }[]>`
    SELECT r."userId", r."createdAt" FROM "SessionReminder" r
    JOIN "Session" s ON s."id" = r."sessionId" JOIN "User" u ON u."id" = r."userId"
    WHERE r."sessionId" = ${sessionId}::uuid AND r."userId" > ${afterId}::uuid AND ${isLetIn}
    ORDER BY r."userId" LIMIT ${take}`;
}
