import type { Database } from '@maydan/prisma';
import { exported, type ExportedRow, type PersonalData } from '../personalData/PersonalData.ts';

const deletedAtOnce = 5_000;

/**
 * What somebody was told and wants to be told of. What others were told of the person goes as well, as it has titles of theirs;
 * where others did the same, what is told of those stays.
 */
export class NotificationsData implements PersonalData {
  readonly name = 'notifications';
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async erase(userId: string): Promise<'done'> {
    await this.#database.pushDevice.deleteMany({ where: { userId } });
    await this.#database.notificationSettings.deleteMany({ where: { userId } });
    await this.#database.notification.deleteMany({ where: { userId } });
    const others = { actorId: userId, type: { not: 'follow' as const } };
    const causes = await this.#database.notificationCause.findMany({
      where: others,
      select: { id: true, userId: true, groupKey: true },
    });
    for (const { id, userId: toldId, groupKey } of causes) {
      if (toldId === null) await this.#deleteTold(id);
      else await this.#takeOut(userId, { toldId, groupKey });
    }
    await this.#database.notificationCause.deleteMany({ where: { OR: [{ userId }, { actorId: userId }] } });
    return 'done';
  }

  async *export(userId: string): AsyncGenerator<ExportedRow> {
    const columns = { id: true, type: true, data: true, count: true, at: true, readAt: true } as const;
    yield* exported('notifications', (take, after: { id: string } | null) =>
      this.#database.notification.findMany({
        where: { userId, shown: true, ...(after === null ? {} : { id: { gt: after.id } }) },
        orderBy: { id: 'asc' },
        take,
        select: columns,
      }),
    );
    yield* exported('notificationSettings', () =>
      this.#database.notificationSettings.findMany({ where: { userId }, omit: { userId: true } }),
    );
    yield* exported('pushDevices', (take, after: { id: string } | null) =>
      this.#database.pushDevice.findMany({
        where: { userId, ...(after === null ? {} : { id: { gt: after.id } }) },
        orderBy: { id: 'asc' },
        take,
        select: { id: true, kind: true, createdAt: true },
      }),
    );
  }

  /** What has grown of several people's doings goes on as that of the others, with what the newest of them did. */
  async #takeOut(actorId: string, { toldId, groupKey }: { toldId: string; groupKey: string }): Promise<void> {
    await this.#database.$executeRaw`
      UPDATE "Notification" n SET "actorIds" = array_remove(n."actorIds", ${actorId}::uuid),
        "actorCount" = greatest(n."actorCount" - 1, 1), "data" = other."data"
      FROM (
        SELECT "data" FROM "NotificationCause"
        WHERE "userId" = ${toldId}::uuid AND "groupKey" = ${groupKey} AND "actorId" <> ${actorId}::uuid
        ORDER BY "createdAt" DESC LIMIT 1) other
      WHERE n."userId" = ${toldId}::uuid AND n."groupKey" = ${groupKey}
        AND n."actorIds" @> ARRAY[${actorId}::uuid] AND cardinality(n."actorIds") > 1`;
    await this.#database.$executeRaw`
      DELETE FROM "Notification"
      WHERE "userId" = ${toldId}::uuid AND "groupKey" = ${groupKey} AND "actorIds" @> ARRAY[${actorId}::uuid]`;
  }

  async #deleteTold(id: string): Promise<void> {
    let count: number;
    do {
      count = await this.#database.$executeRaw`
        DELETE FROM "Notification" WHERE ctid = ANY(ARRAY(
          SELECT ctid FROM "Notification" WHERE "id" = ${id}::uuid LIMIT ${deletedAtOnce}))`;
    } while (count === deletedAtOnce);
  }
}
