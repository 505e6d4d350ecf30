import type { SentGift } from '@maydan/contracts';
import {
  ask,
  Prisma,
  type Database,
  type DatabaseTransaction,
  type Gift,
  type SentGift as SentGiftRow,
} from '@maydan/prisma';
import { writeAudit, type Actor } from '../audit/audit.repo.ts';
import { allReceivingOf, debtOf, walletOf, type Account } from '../ledger/accounts.ts';
import { smaller, takeFrom } from '../ledger/arithmetic.ts';
import { requestHashOf, storedAnswer, type KeyedRequest } from '../ledger/idempotency.repo.ts';
import {
  inTransaction,
  lockBalances,
  openAccounts,
  post,
  retrying,
  type Posting,
} from '../ledger/ledger.repo.ts';
import type { Cause } from '../notifications/causes.ts';
import { publicFields } from '../people/listed.ts';

/** A gift with all that is shown of it. */
export type FullGift = SentGiftRow & { gift: Gift; sender: Person; recipient: Person };
export interface Person {
  readonly id: string;
  readonly username: string;
  readonly displayName: string;
}

/** What a gift is to be, and whether it may. */
export interface Context extends Gift {
  readonly username: string | null;
  readonly displayName: string | null;
  readonly onStage: boolean;
  readonly blocked: boolean;
  readonly banned: boolean;
}

export interface NewGift {
  readonly request: KeyedRequest;
  /** Stored under the key. Its id is the entry's. */
  readonly answer: SentGift;
  readonly commission: bigint;
  readonly postings: readonly Posting[];
  readonly cause: Cause<'gift'> & { readonly id: string };
}

/** Accounts that are known to be there; they never go. */
const maxKnown = 50_000;

/** Gifts that were sent, in PostgreSQL. */
export class GiftsRepo {
  readonly #database: Database;
  readonly #known = new Set<string>();

  constructor(database: Database) {
    this.#database = database;
  }

  /** Null: there is no such gift. The recipient has no name when they aren't there. */
  async context(
    giftId: string,
    sessionId: string,
    senderId: string,
    recipientId: string,
  ): Promise<Context | null> {
    const statement = Prisma.sql`
      SELECT g.*, u."username", u."displayName",
        EXISTS (SELECT FROM "StageSeat" WHERE "sessionId" = ${sessionId}::uuid AND "userId" = ${recipientId}::uuid
          AND "state" = 'onStage') AS "onStage",
        EXISTS (SELECT FROM "SessionBan" WHERE "sessionId" = ${sessionId}::uuid AND "userId" = ${senderId}::uuid
          AND ("expiresAt" IS NULL OR "expiresAt" > now())) AS "banned",
        EXISTS (SELECT FROM "Block" WHERE "blockerId" = ${senderId}::uuid AND "blockedId" = ${recipientId}::uuid)
          OR EXISTS (SELECT FROM "Block" WHERE "blockerId" = ${recipientId}::uuid AND "blockedId" = ${senderId}::uuid) AS "blocked"
      FROM "Gift" g LEFT JOIN "User" u ON u."id" = ${recipientId}::uuid AND u."bannedAt" IS NULL
      WHERE g."id" = ${giftId}::uuid`;
    const rows = await ask<Context>(this.#database, statement);
    return rows[0] ?? null;
  }

  /** What was answered under the key; null: nothing was. Throws `idempotency_conflict`. */
  stored(request: KeyedRequest): Promise<unknown> {
    return storedAnswer(this.#database, request);
  }

  /**
   * Writes key, entry, postings, gift, news and cause by one statement: all of it or nothing. The answer, or the one of the
   * first time. Throws `insufficient_funds` and `idempotency_conflict`.
   */
  async send(gift: NewGift): Promise<unknown> {
    await this.#open(gift.postings.map(({ account }) => account));
    const made = await retrying(() => this.#write(gift));
    if (made) return gift.answer;
    const before = await this.stored(gift.request);
    if (before === null) throw new Error('a key was taken and is not there');
    return before;
  }

  /** Gives the coins back; what the receiver has not any more they owe. Null: it isn't there, or was given back. */
  giveBack(id: string, actor: Actor): Promise<SentGiftRow | null> {
    return inTransaction(this.#database, async (transaction) => {
      const returnedAt = new Date();
      const { count } = await transaction.sentGift.updateMany({
        where: { id, returnedAt: null },
        data: { returnedAt },
      });
      if (count === 0) return null;
      const gift = await transaction.sentGift.findUniqueOrThrow({ where: { id } });
      const postings = await reversed(transaction, gift);
      const newsId = await post(transaction, { kind: 'giftReturn', ref: `gift:${id}:returned`, postings });
      await transaction.giftNews.create({ data: { id: newsId, giftId: id, returned: true } });
      const about = { actor, target: { kind: 'sentGift', id }, userId: gift.recipientId } as const;
      const details = { coins: Number(gift.coins) };
      await writeAudit(transaction, { ...about, action: 'sentGift.returned', details });
      return gift;
    });
  }

  /** Accounts that a gift of theirs, given back, may need. */
  async openFor(senderId: string, recipientId: string): Promise<void> {
    const accounts = [
      walletOf(senderId),
      debtOf(senderId),
      debtOf(recipientId),
      ...allReceivingOf(recipientId),
    ];
    await openAccounts(this.#database, accounts);
  }

  find(id: string): Promise<SentGiftRow | null> {
    return this.#database.sentGift.findUnique({ where: { id } });
  }

  /** The newest first, behind an id. */
  list(
    where: { sessionId: string } | { senderId: string } | { recipientId: string },
    afterId: string | null,
    take: number,
  ): Promise<SentGiftRow[]> {
    return this.#database.sentGift.findMany({
      where: { ...where, ...(afterId === null ? {} : { id: { lt: afterId } }) },
      orderBy: { id: 'desc' },
      take,
    });
  }

  /** With gifts and people; three queries, however many they are. */
  async full(rows: readonly SentGiftRow[]): Promise<FullGift[]> {
    return fullGifts(this.#database, rows);
  }

  /** What a session got; what was given back doesn't count. */
  async totals(sessionId: string): Promise<{ gifts: number; coins: number; senders: number }> {
    const [row] = await this.#database.$queryRaw<{ gifts: bigint; coins: bigint; senders: bigint }[]>`
      SELECT coalesce(sum("quantity"), 0)::bigint AS "gifts", coalesce(sum("coins"), 0)::bigint AS "coins",
        count(DISTINCT "senderId") AS "senders"
      FROM "SentGift" WHERE "sessionId" = ${sessionId}::uuid AND "returnedAt" IS NULL`;
    return {
      gifts: Number(row?.gifts ?? 0),
      coins: Number(row?.coins ?? 0),
      senders: Number(row?.senders ?? 0),
    };
  }

  async #open(accounts: readonly Account[]): Promise<void> {
    const missing = accounts.filter(({ id }) => !this.#known.has(id));
    if (missing.length === 0) return;
    await openAccounts(this.#database, missing);
    if (this.#known.size > maxKnown) this.#known.clear();
    for (const { id } of missing) this.#known.add(id);
  }

  async #write({ request, answer, commission, postings, cause }: NewGift): Promise<boolean> {
    const { id, sessionId, sender, recipient, gift, quantity, coins, message, at } = answer;
    const accounts = postings.map(({ account }) => account.id);
    const amounts = postings.map(({ amount }) => amount);
    const statement = Prisma.sql`
      WITH "claimed" AS (
        INSERT INTO "IdempotencyKey" ("userId", "key", "operation", "requestHash", "answer")
        VALUES (${request.userId}::uuid, ${request.key}, ${request.operation}, ${requestHashOf(request)}, ${JSON.stringify(answer)}::jsonb)
        ON CONFLICT DO NOTHING RETURNING 1),
      "entry" AS (
        INSERT INTO "LedgerEntry" ("id", "kind", "ref", "postings", "at")
        SELECT ${id}::uuid, 'gift', 'gift:' || ${id}::text, ${postings.length}::int, ${at}::timestamptz FROM "claimed"),
      "posted" AS (
        INSERT INTO "LedgerPosting" ("entryId", "accountId", "amount")
        SELECT ${id}::uuid, p."account", p."amount"
        FROM "claimed", unnest(${accounts}::uuid[], ${amounts}::bigint[]) AS p("account", "amount")),
      "sent" AS (
        INSERT INTO "SentGift" ("id", "sessionId", "senderId", "recipientId", "giftId", "quantity", "coins", "commission", "message", "at")
        SELECT ${id}::uuid, ${sessionId}::uuid, ${sender.id}::uuid, ${recipient.id}::uuid, ${gift.id}::uuid, ${quantity}::int,
          ${coins}::bigint, ${commission}::bigint, ${message}, ${at}::timestamptz FROM "claimed"),
      "news" AS (INSERT INTO "GiftNews" ("id", "giftId") SELECT ${id}::uuid, ${id}::uuid FROM "claimed"),
      "told" AS (
        INSERT INTO "NotificationCause" ("key", "id", "type", "userId", "actorId", "groupKey", "data")
        SELECT ${cause.key}, ${cause.id}::uuid, 'gift', ${cause.userId}::uuid, ${cause.actorId}::uuid, ${cause.groupKey},
          ${JSON.stringify(cause.data)}::jsonb FROM "claimed" ON CONFLICT DO NOTHING)
      SELECT 1 AS "one" FROM "claimed"`;
    return (await ask<object>(this.#database, statement)).length === 1;
  }
}

/** With gifts and people; three queries, however many they are. */
export async function fullGifts(
  database: Pick<DatabaseTransaction, 'gift' | 'user'>,
  rows: readonly SentGiftRow[],
): Promise<FullGift[]> {
  if (rows.length === 0) return [];
  const ids = (of: (row: SentGiftRow) => string[]): string[] => [...new Set(rows.flatMap(of))];
  const people = { id: { in: ids(({ senderId, recipientId }) => [senderId, recipientId]) } };
  const gifts = await database.gift.findMany({ where: { id: { in: ids(({ giftId }) => [giftId]) } } });
  const users = await database.user.findMany({ where: people, ...publicFields });
  const giftOf = new Map(gifts.map((gift) => [gift.id, gift]));
  const userOf = new Map(users.map((user) => [user.id, user]));
  return rows.flatMap((row) => {
    const gift = giftOf.get(row.giftId);
    const [sender, recipient] = [userOf.get(row.senderId), userOf.get(row.recipientId)];
    if (gift === undefined || sender === undefined || recipient === undefined) return [];
    return [{ ...row, gift, sender, recipient }];
  });
}

/** The postings that undo a gift. */
async function reversed(transaction: DatabaseTransaction, gift: SentGiftRow): Promise<Posting[]> {
  const { id, senderId, recipientId, coins, commission } = gift;
  const [commissionAccount] = await transaction.$queryRaw<Account[]>`
    SELECT a."id", a."kind"::text AS "kind", a."ownerId", a."shard" FROM "LedgerPosting" p
    JOIN "LedgerAccount" a ON a."id" = p."accountId" WHERE p."entryId" = ${id}::uuid AND a."kind" = 'commission'`;
  const receiving = allReceivingOf(recipientId);
  const platform = commissionAccount === undefined ? [] : [commissionAccount];
  const others = [walletOf(senderId), debtOf(senderId), debtOf(recipientId)];
  const balance = await lockBalances(transaction, [...receiving, ...platform, ...others]);
  const { taken, missing } = takeFrom(receiving.map(balance), coins - commission);
  const settled = smaller(coins, -balance(debtOf(senderId)));
  return [
    ...receiving.map((account, at) => ({ account, amount: -(taken[at] ?? 0n) })),
    { account: debtOf(recipientId), amount: -missing },
    ...platform.map((account) => ({ account, amount: -commission })),
    { account: debtOf(senderId), amount: settled },
    { account: walletOf(senderId), amount: coins - settled },
  ];
}
