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

/** Waits until no push is due or on its way. */
export async function allPushed(backend: TestBackend): Promise<void> {
  await allTold(backend);
  const { notification } = backend.database;
  const due = () => notification.count({ where: { pushAt: { lte: new Date() } } });
  await waitUntil('no push to be due', async () => (await due()) === 0, 60_000);
  const left = async (): Promise<number> => {
    const key = 'maydan:queue:push';
    // At one moment: a job that moves on is in one of them.
    const look = backend.redis.multi().llen(`${key}:wait`).llen(`${key}:active`).zcard(`${key}:delayed`);
    return ((await look.exec()) ?? []).reduce((sum, [, count]) => sum + Number(count), 0);
  };
  await waitUntil('the queue to be empty', async () => (await left()) === 0, 60_000);
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
    invitation: { sessionId: randomUUID(), title: 'Live', sessionType: 'video' },
    reminder: {
      ...{ sessionId: randomUUID(), title: 'Live', sessionType: 'video' },
      ...{ moment: 'live', scheduledStartAt: null },
    },
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
