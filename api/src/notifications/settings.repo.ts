import type { Database, NotificationSettings } from '@maydan/prisma';

type Values = Omit<NotificationSettings, 'userId'>;
export const defaultSettings: Values = {
  ...{ inAppOff: [], pushOff: [] },
  ...{ quietFromMin: null, quietToMin: null, timeZone: null },
};

/** What people want to be told of, in PostgreSQL. */
export class NotificationSettingsRepo {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async find(userId: string): Promise<Values> {
    return (await this.#database.notificationSettings.findUnique({ where: { userId } })) ?? defaultSettings;
  }

  /** Changes of one person's settings come one after the other. */
  change(userId: string, change: (before: Values) => Values): Promise<Values> {
    return this.#database.$transaction(async (transaction) => {
      await transaction.notificationSettings.createMany({ data: { userId }, skipDuplicates: true });
      await transaction.$queryRaw`
        SELECT 1 AS locked FROM "NotificationSettings" WHERE "userId" = ${userId}::uuid FOR UPDATE`;
      const { userId: _, ...before } = await transaction.notificationSettings.findUniqueOrThrow({
        where: { userId },
      });
      return transaction.notificationSettings.update({ where: { userId }, data: change(before) });
    });
  }
}
