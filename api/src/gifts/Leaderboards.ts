import type { Redis } from '@maydan/common';
import { z } from 'zod';
import { boardPrefix, boardsOf, ttlSecOf, type Counted } from './boards.ts';

/** Gifts of one sender to one recipient within this time are one combo. */
const comboWindowMs = 5_000;
/** How long it is known that a gift was counted: longer than news can wait. */
const newsTtlSec = 7 * 86_400;

/** News that is counted once. */
export interface CountedNews extends Counted {
  readonly newsId: string;
  readonly giftId: string;
  readonly quantity: number;
  /** Negative when they were given back. */
  readonly coins: bigint;
}

/**
 * KEYS: the news, the combo, boards. ARGV: news id, time in ms, quantity, window in ms, coins, whether it is a gift, seconds
 * that the news is known; then member and seconds of each board. Whether it was counted is known by the news: told again, nothing
 * is counted again, and its combo is the one of then.
 */
const countScript = `
local known = redis.call('HMGET', KEYS[1], 'counted', 'combo', 'count')
if not known[1] then
  for at = 3, #KEYS do
    local member, ttl = ARGV[2 + 2 * at], ARGV[3 + 2 * at]
    local score = redis.call('ZINCRBY', KEYS[at], ARGV[5], member)
    if tonumber(score) <= 0 then redis.call('ZREM', KEYS[at], member) end
    redis.call('EXPIRE', KEYS[at], ttl)
  end
  redis.call('HSET', KEYS[1], 'counted', '1')
  redis.call('EXPIRE', KEYS[1], ARGV[7])
end
if ARGV[6] ~= '1' then return {ARGV[1], 0} end
if known[2] then return {known[2], tonumber(known[3])} end
local combo, count, time = ARGV[1], tonumber(ARGV[3]), tonumber(ARGV[2])
local last = redis.call('HMGET', KEYS[2], 'id', 'count', 'at')
if last[1] and math.abs(time - tonumber(last[3])) <= tonumber(ARGV[4]) then
  combo, count, time = last[1], count + tonumber(last[2]), math.max(time, tonumber(last[3]))
end
redis.call('HSET', KEYS[2], 'id', combo, 'count', count, 'at', string.format('%.0f', time))
redis.call('PEXPIRE', KEYS[2], ARGV[4] * 12)
redis.call('HSET', KEYS[1], 'combo', combo, 'count', count)
redis.call('EXPIRE', KEYS[1], ARGV[7])
return {combo, count}`;
const counted = z.tuple([z.string(), z.number()]);

/** Leaderboards and combos in Redis: what the ledger says, added up. They can be made anew from it at any time. */
export class Leaderboards {
  readonly #redis: Redis;

  constructor(redis: Redis) {
    this.#redis = redis;
  }

  /** Counts news once; the combo that the gift is part of. Rejects when Redis is away. */
  async count(news: CountedNews): Promise<{ id: string; count: number }> {
    const { newsId, sessionId, senderId, recipientId, giftId, quantity, coins, at } = news;
    const boards = boardsOf(news);
    const combo = `maydan:gifts:combo:${sessionId}:${senderId}:${recipientId}:${giftId}`;
    const keys = [newsKey(newsId), combo, ...boards.map(({ key }) => key)];
    const isGift = coins > 0n ? '1' : '0';
    const values = [newsId, at.getTime(), quantity, comboWindowMs, coins.toString(), isGift, newsTtlSec];
    const rest = boards.flatMap(({ member, ttlSec }) => [member, ttlSec]);
    const answer = await this.#redis.eval(countScript, keys.length, ...keys, ...values, ...rest);
    const [id, count] = counted.parse(answer);
    return { id, count };
  }

  /** The first ones of a board, with their coins. */
  async top(key: string, most: number): Promise<{ id: string; coins: number }[]> {
    const flat = await this.#redis.zrevrange(key, 0, most - 1, 'WITHSCORES');
    return Array.from({ length: flat.length / 2 }, (_, at) => ({
      id: flat[2 * at] ?? '',
      coins: Number(flat[2 * at + 1]),
    }));
  }

  /**
   * Makes all boards what they should be, while nothing is counted; `pending` news is in them already. How many boards were
   * something else.
   */
  async replace(
    boards: ReadonlyMap<string, ReadonlyMap<string, number>>,
    pending: readonly string[],
  ): Promise<number> {
    const keys = new Set([...boards.keys(), ...(await this.#known())]);
    let drifted = 0;
    for (const key of keys) {
      const scores = boards.get(key) ?? new Map<string, number>();
      if (await this.#isSame(key, scores)) continue;
      drifted += 1;
      const write = this.#redis.multi().del(key);
      for (const [member, coins] of scores) write.zadd(key, coins, member);
      await write.expire(key, ttlSecOf(key)).exec();
    }
    for (const id of pending) {
      await this.#redis.multi().hset(newsKey(id), 'counted', '1').expire(newsKey(id), newsTtlSec).exec();
    }
    return drifted;
  }

  async #known(): Promise<string[]> {
    const keys: string[] = [];
    let cursor = '0';
    do {
      const [next, found] = await this.#redis.scan(cursor, 'MATCH', `${boardPrefix}*`, 'COUNT', 500);
      keys.push(...found);
      cursor = next;
    } while (cursor !== '0');
    return keys;
  }

  async #isSame(key: string, scores: ReadonlyMap<string, number>): Promise<boolean> {
    const there = await this.top(key, 1_000_000_000);
    return there.length === scores.size && there.every(({ id, coins }) => scores.get(id) === coins);
  }
}

const newsKey = (id: string): string => `maydan:gifts:news:${id}`;
