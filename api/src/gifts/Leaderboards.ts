import { scoresOf, type Redis } from '@maydan/common';
import { leaderboardPeriod } from '@maydan/contracts';
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

/** Boards that a gift counts on. */
const boardCount = 1 + 2 * leaderboardPeriod.options.length;
/** News of one script at most: while it runs nobody else is answered. */
const mostTogether = 100;

/**
 * ARGV: window in ms, seconds that news is known, how many boards; then of each news: id, time in ms, quantity, coins, whether it
 * is a gift, and member and seconds of each board. KEYS, of each: the news, the combo, boards. Whether it was counted is known by
 * the news: told again, nothing is counted again, and its combo is the one of then. Answers combo and count of each.
 */
const countScript = `
local window, ttl, boards = tonumber(ARGV[1]), ARGV[2], tonumber(ARGV[3])
local answer, key, arg = {}, 1, 4
while KEYS[key] do
  local news, combo, at = KEYS[key], ARGV[arg], tonumber(ARGV[arg + 1])
  local count, coins, isGift = tonumber(ARGV[arg + 2]), ARGV[arg + 3], ARGV[arg + 4]
  local known = redis.call('HMGET', news, 'counted', 'combo', 'count')
  if not known[1] then
    for board = 0, boards - 1 do
      local name, member = KEYS[key + 2 + board], ARGV[arg + 5 + 2 * board]
      local score = redis.call('ZINCRBY', name, coins, member)
      if tonumber(score) <= 0 then redis.call('ZREM', name, member) end
      redis.call('EXPIRE', name, ARGV[arg + 6 + 2 * board])
    end
    redis.call('HSET', news, 'counted', '1')
    redis.call('EXPIRE', news, ttl)
  end
  if isGift ~= '1' then
    count = 0
  elseif known[2] then
    combo, count = known[2], tonumber(known[3])
  else
    local last = redis.call('HMGET', KEYS[key + 1], 'id', 'count', 'at')
    if last[1] and math.abs(at - tonumber(last[3])) <= window then
      combo, count, at = last[1], count + tonumber(last[2]), math.max(at, tonumber(last[3]))
    end
    redis.call('HSET', KEYS[key + 1], 'id', combo, 'count', count, 'at', string.format('%.0f', at))
    redis.call('PEXPIRE', KEYS[key + 1], window * 12)
    redis.call('HSET', news, 'combo', combo, 'count', count)
  end
  answer[#answer + 1] = combo
  answer[#answer + 1] = count
  key, arg = key + 2 + boards, arg + 5 + 2 * boards
end
return answer`;
const counted = z.array(z.union([z.string(), z.number()]));

/** The combo that a gift is part of: its first gift, and how many so far. */
export interface Combo {
  readonly id: string;
  readonly count: number;
}

/** Leaderboards and combos in Redis: what the ledger says, added up. They can be made anew from it at any time. */
export class Leaderboards {
  readonly #redis: Redis;

  constructor(redis: Redis) {
    this.#redis = redis;
  }

  /** Counts each news once, in their order; the combo of each. Rejects when Redis is away. */
  async count(news: readonly CountedNews[]): Promise<Combo[]> {
    const combos: Combo[] = [];
    for (let from = 0; from < news.length; from += mostTogether) {
      combos.push(...(await this.#countSome(news.slice(from, from + mostTogether))));
    }
    return combos;
  }

  async #countSome(news: readonly CountedNews[]): Promise<Combo[]> {
    const some = news.map((one) => ({ ...one, boards: boardsOf(one) }));
    const keys = some.flatMap(({ newsId, sessionId, senderId, recipientId, giftId, boards }) => [
      newsKey(newsId),
      `maydan:gifts:combo:${sessionId}:${senderId}:${recipientId}:${giftId}`,
      ...boards.map(({ key }) => key),
    ]);
    const values = some.flatMap(({ newsId, at, quantity, coins, boards }) => [
      ...[newsId, at.getTime(), quantity, coins.toString(), coins > 0n ? '1' : '0'],
      ...boards.flatMap(({ member, ttlSec }) => [member, ttlSec]),
    ]);
    const settings = [comboWindowMs, newsTtlSec, boardCount];
    const answer = counted.parse(
      await this.#redis.eval(countScript, keys.length, ...keys, ...settings, ...values),
    );
    return some.map((_, index) => ({ id: String(answer[2 * index]), count: Number(answer[2 * index + 1]) }));
  }

  /** The first ones of a board, with their coins. */
  async top(key: string, most: number): Promise<{ id: string; coins: number }[]> {
    const flat = await this.#redis.zrevrange(key, 0, most - 1, 'WITHSCORES');
    return scoresOf(flat).map(([id, coins]) => ({ id, coins }));
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
