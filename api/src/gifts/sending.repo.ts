import type { SentGift } from '@maydan/contracts';
import { AppError } from '@maydan/common';
import { ask, isUndone, Prisma, type Database } from '@maydan/prisma';
import {
  commissionOf,
  commissionShards,
  receivingOf,
  receivingShards,
  walletOf,
  type Account,
} from '../ledger/accounts.ts';
import { requestHashOf, storedAnswer, type KeyedRequest } from '../ledger/idempotency.repo.ts';
import { openAccounts, retrying } from '../ledger/ledger.repo.ts';
import { Gathered } from '../limits/Gathered.ts';
import { InTurn } from '../limits/InTurn.ts';
import type { Cause } from '../notifications/causes.ts';

export interface NewGift {
  readonly request: KeyedRequest;
  /** Stored under the key. Its id is the entry's. */
  readonly answer: SentGift;
  readonly commission: bigint;
  readonly cause: Cause<'gift'> & { readonly id: string };
}

/** A gift that was written now, or under its key before. */
export interface Written {
  readonly answer: unknown;
  /** The recipient is to be notified. */
  readonly isTold: boolean;
}

/** How many accounts the receipts of one receiver, and the commission, are spread over. */
export interface Shards {
  readonly receiving: number;
  readonly commission: number;
}

interface WrittenRow {
  readonly id: string;
  readonly written: boolean;
  readonly told: number;
}

/** Two statements begin so far apart at least. Gifts that come meanwhile, or while one runs, go together. */
const paceMs = 10;
const mostTogether = 100;
const maxWaiting = 5_000;
/** Accounts that are known to be there; they never go. */
const maxKnown = 50_000;

/**
 * Writes gifts to PostgreSQL: those that come at the same time by one statement (`send_gifts`), so that they wait for the disk once.
 * Each has its own outcome. One that can't be written undoes the statement, and all of it is written one by one.
 */
export class GiftSending {
  readonly #database: Database;
  readonly #shards: Shards;
  readonly #known = new Set<string>();
  readonly #gathered = new Gathered<NewGift, Written>({
    run: (gifts) => this.#writeAll(gifts),
    inTurn: true,
    ...{ paceMs, most: mostTogether, maxWaiting },
  });
  /** Of one sender one after the other, in their order. */
  readonly #alone = new InTurn();

  constructor(
    database: Database,
    shards: Shards = { receiving: receivingShards, commission: commissionShards },
  ) {
    this.#database = database;
    this.#shards = shards;
  }

  /** Key, entry, postings, gift, news and cause: all of it or nothing. Throws `insufficient_funds` and `idempotency_conflict`. */
  send(gift: NewGift): Promise<Written> {
    return this.#gathered.run(gift);
  }

  async #writeAll(gifts: readonly NewGift[]): Promise<(Written | Promise<Written>)[]> {
    const together = gifts.filter(({ request }) => !this.#alone.isBusy(request.userId));
    const rows = together.length > 1 ? await this.#writeTogether(together) : new Map<string, WrittenRow>();
    return gifts.map((gift) => {
      const row = rows.get(gift.answer.id);
      if (row?.written === true) return { answer: gift.answer, isTold: row.told > 0 };
      return this.#alone.run(gift.request.userId, () => retrying(() => this.#writeOne(gift)));
    });
  }

  /** Those that were written; no row: it is to be done alone. */
  async #writeTogether(gifts: readonly NewGift[]): Promise<Map<string, WrittenRow>> {
    try {
      return await this.#write(gifts, true);
    } catch (error) {
      // One of them undid them all, or somebody else is in their way; by itself each gets the answer that is its own.
      if (isUndone(error) || isKeptWaiting(error)) return new Map();
      throw error;
    }
  }

  async #writeOne(gift: NewGift): Promise<Written> {
    const row = (await this.#write([gift], false)).get(gift.answer.id);
    if (row === undefined) throw new AppError('insufficient_funds');
    if (row.written) return { answer: gift.answer, isTold: row.told > 0 };
    const before = await storedAnswer(this.#database, gift.request);
    if (before === null) throw new Error('a key was taken and is not there');
    return { answer: before, isTold: false };
  }

  async #write(gifts: readonly NewGift[], together: boolean): Promise<Map<string, WrittenRow>> {
    const wishes = this.#wishesOf(gifts);
    await this.#open(wishes.flatMap(({ accounts }) => accounts));
    const given = JSON.stringify(wishes.map(({ wish }) => wish));
    const statement = Prisma.sql`SELECT * FROM "send_gifts"(${given}::jsonb, ${together}::boolean)`;
    const rows = await ask<WrittenRow>(this.#database, statement);
    return new Map(rows.map((row) => [row.id, row]));
  }

  /** Rows of the type `gift_wish`. All of one receiver go to one account of theirs: another one each time. */
  #wishesOf(gifts: readonly NewGift[]) {
    const any = (count: number): number => Math.floor(Math.random() * count);
    const [shard, platform] = [any(this.#shards.receiving), commissionOf(any(this.#shards.commission))];
    const receivers = new Map<string, Account>();
    return gifts.map(({ request, answer, commission, cause }) => {
      const { id, coins, recipient } = answer;
      const wallet = walletOf(request.userId);
      const receiving = receivers.get(recipient.id) ?? receivingOf(recipient.id, shard);
      receivers.set(recipient.id, receiving);
      const accounts = [wallet, receiving, platform];
      const wish = {
        ...{ id, userId: request.userId, key: request.key, hash: requestHashOf(request), answer, coins },
        ...{
          commission: Number(commission),
          wallet: wallet.id,
          receiving: receiving.id,
          platform: platform.id,
        },
        ...{ causeId: cause.id, causeKey: cause.key, causeGroup: cause.groupKey, causeData: cause.data },
      };
      return { wish, accounts };
    });
  }

  async #open(accounts: readonly Account[]): Promise<void> {
    const missing = new Map(accounts.filter(({ id }) => !this.#known.has(id)).map((one) => [one.id, one]));
    if (missing.size === 0) return;
    await openAccounts(this.#database, [...missing.values()]);
    if (this.#known.size > maxKnown) this.#known.clear();
    for (const id of missing.keys()) this.#known.add(id);
  }
}

/** Somebody has held for too long what the statement needs (SQLSTATE 55P03); nothing of it was done. */
function isKeptWaiting(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === '55P03';
}
