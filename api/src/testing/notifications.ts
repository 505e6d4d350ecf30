import { randomUUID } from 'node:crypto';
import type { NotificationType } from '@maydan/contracts';
import { waitUntil } from '@maydan/infra';
import { newId } from '@maydan/prisma';
import type { TestBackend } from './TestBackend.ts';

/** Waits until nothing is left to be told. */
export async function allTold({ database }: TestBackend): Promise<void> {
  const left = () => database.notificationCause.count({ where: { dueAt: { not: null } } });
  await waitUntil('the outbox to be empty', async () => (await left()) === 0, 60_000);
}

/** Notifications of these types, one a second, the last one a second ago. */
export async function storeNotifications(
  { database }: TestBackend,
  userId: string,
  types: readonly NotificationType[],
): Promise<void> {
  const text = { en: 'Hello', ar: 'مرحبا' };
  const data = {
    ...{ follow: {}, system: { title: text, body: text }, message: { conversationId: randomUUID() } },
    ...{ gift: { sessionId: randomUUID(), gift: 'Rose', quantity: 2 } },
    ...{ comment: { videoId: randomUUID(), title: 'A video' } },
    stream: { sessionId: randomUUID(), title: 'Live', sessionType: 'audio' },
  };
  const rows = types.map((type, index) => ({
    ...{ userId, id: newId(), type, groupKey: type, openKey: randomUUID(), data: data[type] },
    ...{ shown: true, actorIds: [], actorCount: 0 },
    at: new Date(Date.now() - (types.length - index) * 1_000),
  }));
  await database.notification.createMany({ data: rows });
}

/** While `work` runs nobody can write a notification: each process that wants to stands there. */
export async function whileNoneCanBeWritten(
  { database }: TestBackend,
  work: () => Promise<void>,
): Promise<void> {
  await database.$transaction(
    async (transaction) => {
      await transaction.$executeRaw`LOCK TABLE "Notification" IN EXCLUSIVE MODE`;
      await work();
    },
    { timeout: 60_000 },
  );
}
