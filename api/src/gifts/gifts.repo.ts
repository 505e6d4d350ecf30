import type { SessionState } from '@maydan/contracts';
import {
  ask,
  Prisma,
  type Database,
  type DatabaseTransaction,
  type Gift,
  type SentGift as SentGiftRow,
  type Session,
} from '@maydan/prisma';
import { writeAudit, type Actor } from '../audit/audit.repo.ts';
import { standingColumns } from '../access/access.repo.ts';
import { allReceivingOf, debtOf, walletOf, type Account } from '../ledger/accounts.ts';
import { smaller, takeFrom } from '../ledger/arithmetic.ts';
import { storedAnswer, type KeyedRequest } from '../ledger/idempotency.repo.ts';
import { inTransaction, lockBalances, openAccounts, post, type Posting } from '../ledger/ledger.repo.ts';
import { Gathered, readsTogether } from '../limits/Gathered.ts';
import { publicFields } from '../people/listed.ts';
import { GiftSending, type NewGift, type Shards, type Written } from './sending.repo.ts';

/** A gift with all that is shown of it. */
export type FullGift = SentGiftRow & { gift: Gift; sender: Person; recipient: Person };
export interface Person {
  readonly id: string;
  readonly username: string;
  readonly displayName: string;
}

/** What somebody wants to give. */
export interface GiftWish {
  readonly giftId: string;
  readonly sessionId: string;
  readonly senderId: string;
  /** Null: the host. */
  readonly recipientId: string | null;
}

/** What a gift is to be, and whether it may; of a gift that isn't there all is null. */
export type Context = { readonly [K in keyof Gift]: Gift[K] | null } & {
  readonly hostId: string;
  readonly state: SessionState;
  readonly visibility: Session['visibility'];
  /** Null when the recipient isn't there. */
  readonly username: string | null;
  readonly displayName: string | null;
  readonly onStage: boolean;
  readonly blocked: boolean;
  /** How the sender stands to the session. */
  readonly isHidden: boolean;
  readonly isBanned: boolean;
  readonly isAdmitted: boolean;
};

/** Gifts that were sent, in PostgreSQL. */
export class GiftsRepo {
  readonly #database: Database;
  readonly #sending: GiftSending;
  readonly #contexts = new Gathered<GiftWish, Context | null>({
    run: (wishes) => this.#readContexts(wishes),
    ...readsTogether,
  });

  constructor(database: Database, shards?: Shards) {
    this.#database = database;
    this.#sending = new GiftSending(database, shards);
  }

  /** Null: there is no such session, or sender. */
  context(wish: GiftWish): Promise<Context | null> {
    return this.#contexts.run(wish);
  }

  /** What was answered under the key; null: nothing was. Throws `idempotency_conflict`. */
  stored(request: KeyedRequest): Promise<unknown> {
    return storedAnswer(this.#database, request);
  }

  /** Throws `insufficient_funds` and `idempotency_conflict`. */
  send(gift: NewGift): Promise<Written> {
    return this.#sending.send(gift);
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

  /** All that somebody wrote with gifts in a session goes. How many had words. */
  async deleteWords(sessionId: string, senderId: string): Promise<number> {
    const where = { sessionId, senderId, message: { not: '' } };
    const { count } = await this.#database.sentGift.updateMany({ where, data: { message: '' } });
    return count;
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

  async #readContexts(wishes: readonly GiftWish[]): Promise<(Context | null)[]> {
    const all = <K extends keyof GiftWish>(key: K): GiftWish[K][] => wishes.map((wish) => wish[key]);
    const statement = Prisma.sql`
      SELECT g.*, w."place"::int AS "place", s."hostId", s."state", s."visibility", r."username", r."displayName", ${standingColumns},
        EXISTS (SELECT FROM "StageSeat" WHERE "sessionId" = s."id" AND "userId" = r."id" AND "state" = 'onStage') AS "onStage",
        EXISTS (SELECT FROM "Block" WHERE "blockerId" = u."id" AND "blockedId" = r."id")
          OR EXISTS (SELECT FROM "Block" WHERE "blockerId" = r."id" AND "blockedId" = u."id") AS "blocked"
      FROM unnest(${all('giftId')}::uuid[], ${all('sessionId')}::uuid[], ${all('senderId')}::uuid[], ${all('recipientId')}::uuid[])
        WITH ORDINALITY AS w("giftId", "sessionId", "senderId", "recipientId", "place")
      JOIN "Session" s ON s."id" = w."sessionId" JOIN "User" u ON u."id" = w."senderId"
      LEFT JOIN "Gift" g ON g."id" = w."giftId"
      LEFT JOIN "User" r ON r."id" = coalesce(w."recipientId", s."hostId") AND r."bannedAt" IS NULL`;
    const rows = await ask<Context & { place: number }>(this.#database, statement);
    const byPlace = new Map(rows.map((row) => [row.place, row]));
    return wishes.map((_, index) => byPlace.get(index + 1) ?? null);
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
