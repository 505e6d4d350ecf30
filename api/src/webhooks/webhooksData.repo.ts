import type { Database } from '@maydan/prisma';
import { exported, type ExportedRow, type PersonalData } from '../personalData/PersonalData.ts';

/** Endpoints go with the account, and what was sent to them. */
export class WebhooksData implements PersonalData {
  readonly name = 'webhooks';
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async erase(userId: string): Promise<'done'> {
    const own = await this.#database.webhook.findMany({ where: { userId }, select: { id: true } });
    await this.#database.webhook.updateMany({ where: { userId }, data: { enabled: false } });
    await this.#database.webhookDelivery.deleteMany({
      where: { webhookId: { in: own.map(({ id }) => id) } },
    });
    await this.#database.webhook.deleteMany({ where: { userId } });
    return 'done';
  }

  export(userId: string): AsyncGenerator<ExportedRow> {
    return exported('webhooks', (take, after: { id: string } | null) =>
      this.#database.webhook.findMany({
        where: { userId, ...(after === null ? {} : { id: { gt: after.id } }) },
        orderBy: { id: 'asc' },
        take,
        select: { id: true, url: true, types: true, platform: true, enabled: true, createdAt: true },
      }),
    );
  }
}
