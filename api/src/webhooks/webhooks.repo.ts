import type { WebhookCreateInput, WebhookUpdateInput } from '@maydan/contracts';
import type { Database, DatabaseTransaction, User, Webhook, WebhookDelivery } from '@maydan/prisma';
import { notify } from '../notifications/causes.repo.ts';
import { disabledCause } from '../notifications/causes.ts';

export type DisabledReason = 'failing' | 'gone' | 'forbidden';
export type WebhookWithOwner = Webhook & { user: Pick<User, 'role' | 'bannedAt'> };

/** How an attempt went. */
export interface Attempt {
  readonly status: number | null;
  readonly latencyMs: number;
  readonly answer: string | null;
  readonly error: string | null;
  readonly at: Date;
  /** So long it wants to be left alone, at least. */
  readonly wishedMs: number;
}

/** An endpoint for which something is due. */
export interface Due {
  readonly webhookId: string;
  readonly waiting: number;
  /** Nothing is sent to it now. */
  readonly rests: boolean;
}

/** Endpoints and their deliveries in PostgreSQL; deliveries are written by triggers of what happens. */
export class WebhooksRepo {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Null: the user has so many already. Of requests at once none passes the limit. */
  create(
    userId: string,
    { id, url, types, platform, sealedSecret }: WebhookCreateInput & { id: string; sealedSecret: string },
    most: number,
  ): Promise<Webhook | null> {
    return this.#database.$transaction(async (transaction) => {
      await transaction.$queryRaw`SELECT 1 AS "one" FROM "User" WHERE "id" = ${userId}::uuid FOR NO KEY UPDATE`;
      if ((await transaction.webhook.count({ where: { userId } })) >= most) return null;
      return transaction.webhook.create({ data: { id, userId, url, types, platform, sealedSecret } });
    });
  }

  list(userId: string): Promise<Webhook[]> {
    return this.#database.webhook.findMany({ where: { userId }, orderBy: { createdAt: 'asc' } });
  }

  find(userId: string, id: string): Promise<Webhook | null> {
    return this.#database.webhook.findFirst({ where: { id, userId } });
  }

  /** What is absent stays; one that is turned on begins anew, one that is turned off waits for nothing. Null: there is none. */
  update(userId: string, { id, url, types, enabled }: WebhookUpdateInput): Promise<Webhook | null> {
    const anew =
      enabled === true ? { disabledReason: null, failures: 0, failingSince: null, restUntil: null } : {};
    const data = {
      ...(url === undefined ? {} : { url, failures: 0, restUntil: null }),
      ...(types === undefined ? {} : { types }),
      ...(enabled === undefined ? {} : { enabled }),
      ...anew,
    };
    return this.#database.$transaction(async (transaction) => {
      const { count } = await transaction.webhook.updateMany({ where: { id, userId }, data });
      if (count > 0 && enabled === false) await giveUp(transaction, id);
      return transaction.webhook.findFirst({ where: { id, userId } });
    });
  }

  /** With its deliveries; those that are written in this moment are sent to nobody. */
  async remove(userId: string, id: string): Promise<boolean> {
    const { count } = await this.#database.webhook.deleteMany({ where: { id, userId } });
    if (count > 0) await this.#database.webhookDelivery.deleteMany({ where: { webhookId: id } });
    return count > 0;
  }

  /** The secret of now signs until a time, too. */
  async rotate(userId: string, id: string, sealedSecret: string, oldUntil: Date): Promise<Webhook | null> {
    await this.#database.$executeRaw`
      UPDATE "Webhook" SET "oldSealedSecret" = "sealedSecret", "oldSecretUntil" = ${oldUntil}::timestamptz, "sealedSecret" = ${sealedSecret}
      WHERE "id" = ${id}::uuid AND "userId" = ${userId}::uuid`;
    return this.find(userId, id);
  }

  deliveries(webhookId: string, beforeSeq: bigint | null, take: number): Promise<WebhookDelivery[]> {
    return this.#database.webhookDelivery.findMany({
      where: { webhookId, ...(beforeSeq === null ? {} : { seq: { lt: beforeSeq } }) },
      orderBy: { seq: 'desc' },
      take,
    });
  }

  /** It is to be sent anew, with all attempts. Null: it isn't there. */
  async replay(webhookId: string, id: string): Promise<WebhookDelivery | null> {
    const where = { id, webhookId };
    const data = { state: 'pending', attempts: 0, nextAt: new Date() } as const;
    const { count } = await this.#database.webhookDelivery.updateMany({ where, data });
    if (count === 0) return null;
    await this.#database.webhook.updateMany({ where: { id: webhookId }, data: { restUntil: null } });
    return this.#database.webhookDelivery.findUnique({ where: { id } });
  }

  /** Endpoints for which something is due, those that wait longest first; of those that rest, where more waits than `most`. */
  due(now: Date, take: number, most: number): Promise<Due[]> {
    return this.#database.$queryRaw<Due[]>`
      SELECT w."id" AS "webhookId", count(*)::int AS "waiting", coalesce(w."restUntil" > ${now}::timestamptz, false) AS "rests"
      FROM "WebhookDelivery" d JOIN "Webhook" w ON w."id" = d."webhookId"
      WHERE d."nextAt" <= ${now}::timestamptz AND w."enabled"
      GROUP BY w."id" HAVING count(*) > ${most}::int OR w."restUntil" IS NULL OR w."restUntil" <= ${now}::timestamptz
      ORDER BY min(d."nextAt") LIMIT ${take}::int`;
  }

  /** What waits for an endpoint, but for the newest; it can be replayed. How many that were. */
  giveUpOldest(webhookId: string, keep: number): Promise<number> {
    return this.#database.$executeRaw`
      UPDATE "WebhookDelivery" SET "state" = 'failed', "nextAt" = NULL, "error" = 'too_many_waiting'
      WHERE "webhookId" = ${webhookId}::uuid AND "nextAt" IS NOT NULL AND "seq" <= (
        SELECT "seq" FROM "WebhookDelivery" WHERE "webhookId" = ${webhookId}::uuid AND "nextAt" IS NOT NULL
        ORDER BY "seq" DESC OFFSET ${keep}::int LIMIT 1)`;
  }

  /** The endpoint, if something may be sent to it now. */
  open(id: string, now: Date): Promise<WebhookWithOwner | null> {
    return this.#database.webhook.findFirst({
      where: { id, enabled: true, OR: [{ restUntil: null }, { restUntil: { lte: now } }] },
      include: { user: { select: { role: true, bannedAt: true } } },
    });
  }

  /** The first that is due. */
  next(webhookId: string, now: Date): Promise<WebhookDelivery | null> {
    return this.#database.webhookDelivery.findFirst({
      where: { webhookId, nextAt: { lte: now } },
      orderBy: { seq: 'asc' },
    });
  }

  /** Nothing is written of a delivery that was asked for anew meanwhile. */
  async delivered({ id, webhookId, attempts }: WebhookDelivery, attempt: Attempt): Promise<void> {
    await this.#database.$transaction([
      this.#database.webhookDelivery.updateMany({
        where: { id, attempts },
        data: { ...columnsOf(attempt), state: 'delivered', attempts: attempts + 1, nextAt: null },
      }),
      this.#database.webhook.updateMany({
        where: { id: webhookId, OR: [{ failures: { gt: 0 } }, { failingSince: { not: null } }] },
        data: { failures: 0, failingSince: null, restUntil: null },
      }),
    ]);
  }

  /** `nextAt` null: it is given up. Since when the endpoint has been failing. */
  async failed(
    { id, webhookId, attempts }: WebhookDelivery,
    attempt: Attempt,
    later: { readonly nextAt: Date | null; readonly restUntil: Date },
  ): Promise<Date> {
    const { nextAt, restUntil } = later;
    await this.#database.webhookDelivery.updateMany({
      where: { id, attempts },
      data: {
        ...columnsOf(attempt),
        ...{ state: nextAt === null ? 'failed' : 'pending', attempts: attempts + 1, nextAt },
      },
    });
    const [row] = await this.#database.$queryRaw<{ failingSince: Date }[]>`
      UPDATE "Webhook" SET "failures" = "failures" + 1, "failingSince" = coalesce("failingSince", ${attempt.at}::timestamptz),
        "restUntil" = ${restUntil}::timestamptz
      WHERE "id" = ${webhookId}::uuid RETURNING "failingSince"`;
    return row?.failingSince ?? attempt.at;
  }

  /** Turns an endpoint off and tells its owner, once. */
  async disable({ id, userId, url }: Webhook, disabledReason: DisabledReason, now: Date): Promise<void> {
    await this.#database.$transaction(async (transaction) => {
      const { count } = await transaction.webhook.updateMany({
        where: { id, enabled: true },
        data: { enabled: false, disabledReason },
      });
      if (count === 0) return;
      await giveUp(transaction, id);
      await notify(transaction, disabledCause({ id, userId, url, at: now }));
    });
  }

  async deleteBefore(before: Date, batch = 5_000): Promise<void> {
    for (;;) {
      const deleted = await this.#database.$executeRaw`
        DELETE FROM "WebhookDelivery" WHERE "id" IN (
          SELECT "id" FROM "WebhookDelivery" WHERE "createdAt" < ${before}::timestamptz LIMIT ${batch}::int)`;
      if (deleted < batch) return;
    }
  }
}

/** What waits for an endpoint that is turned off; it can be replayed. */
async function giveUp(transaction: DatabaseTransaction, webhookId: string): Promise<void> {
  await transaction.webhookDelivery.updateMany({
    where: { webhookId, nextAt: { not: null } },
    data: { state: 'failed', nextAt: null },
  });
}

function columnsOf({ at, status, latencyMs, answer, error }: Attempt) {
  return { status, latencyMs, answer, error, attemptedAt: at };
}
