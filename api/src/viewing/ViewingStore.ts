import type { Redis } from '@maydan/common';
import { viewingTtlSec } from '@maydan/contracts';
import { z } from 'zod';
import { slotMs } from '../analytics/slots.ts';

/** How a session is watched, as Redis has it. */
export interface Watched {
  readonly sessionId: string;
  readonly concurrent: number;
  readonly peak: number;
  readonly unique: number;
  readonly watchMs: number;
  readonly reactions: number;
  /** Whether what was stored before is in it. */
  readonly isSeeded: boolean;
}
/** What was stored of it, for a Redis that lost it. */
export interface Seed {
  readonly peak: number;
  readonly watchMs: number;
  readonly reactions: number;
  readonly sketch: Uint8Array | null;
  /** Of the quarter of an hour that it is. */
  readonly slot: { readonly at: Date; readonly sketch: Uint8Array | null };
}

const sessionsKey = 'maydan:viewing:sessions';
const turnKey = 'maydan:viewing:turn';
const keysOf = (sessionId: string): [now: string, ever: string, sums: string] => [
  `maydan:viewing:${sessionId}:now`,
  `maydan:viewing:${sessionId}:ever`,
  `maydan:viewing:${sessionId}`,
];
/** Before the time (ms) at which a quarter of an hour began: all that were there in it. */
const slotsKey = (sessionId: string): string => `maydan:viewing:${sessionId}:in:`;
const slotKey = (sessionId: string, at: Date): string => `${slotsKey(sessionId)}${at.getTime()}`;
/** Of a private session: the only viewers who count. */
const admittedKey = (sessionId: string): string => `maydan:viewing:${sessionId}:admitted`;
/** Those who count no more, whatever they say, until they are let in again. */
const dismissedKey = (sessionId: string): string => `maydan:viewing:${sessionId}:dismissed`;
/** Those who count nowhere, by until when (ms): their accounts are banned. */
const nowhereKey = 'maydan:viewing:nowhere';
/** So that the set is there while nobody is in it. */
const nobody = '-';
const ttlMs = viewingTtlSec * 1_000;
const keptMs = 86_400_000;

/**
 * Viewers that are there, by when they expire; all that ever were (HyperLogLog: 0.81 % standard error in 12 KiB, where each by
 * name would take 60 bytes for each viewer), and those of each quarter of an hour; sums. What a heartbeat moves the expiry on by
 * is the time that was watched. KEYS: now, ever, sums, sessions, those who count, quarters, those who don't, those who count nowhere. ARGV: session, ttl, how long keys are
 * kept, how long a quarter is, viewers.
 */
const beatScript = `
  local time = redis.call('TIME')
  local now = time[1] * 1000 + math.floor(time[2] / 1000)
  local ttl, watched = tonumber(ARGV[2]), 0
  local slot = now - now % tonumber(ARGV[4])
  local slotKey = KEYS[6] .. string.format('%.0f', slot)
  local some, but = redis.call('EXISTS', KEYS[5]) == 1, redis.call('EXISTS', KEYS[7]) == 1
  local nowhere = redis.call('EXISTS', KEYS[8]) == 1
  for i = 5, #ARGV do
   if (not some or redis.call('SISMEMBER', KEYS[5], ARGV[i]) == 1)
     and not (but and redis.call('SISMEMBER', KEYS[7], ARGV[i]) == 1)
     and not (nowhere and tonumber(redis.call('ZSCORE', KEYS[8], ARGV[i]) or 0) > now) then
    local before = tonumber(redis.call('ZSCORE', KEYS[1], ARGV[i]) or 0)
    if before > now then watched = watched + now + ttl - before
    else redis.call('PFADD', KEYS[2], ARGV[i]) end
    if before <= now or before - ttl < slot then redis.call('PFADD', slotKey, ARGV[i]) end
    redis.call('ZADD', KEYS[1], now + ttl, ARGV[i])
   end
  end
  if watched > 0 then redis.call('HINCRBY', KEYS[3], 'watchMs', watched) end
  redis.call('SADD', KEYS[4], ARGV[1])
  redis.call('PEXPIRE', slotKey, ARGV[3])
  for i = 1, 3 do redis.call('PEXPIRE', KEYS[i], ARGV[3]) end`;

/** One viewer is gone. KEYS: now, sums. ARGV: viewer, ttl. */
const endScript = `
  local time = redis.call('TIME')
  local now = time[1] * 1000 + math.floor(time[2] / 1000)
  local before = tonumber(redis.call('ZSCORE', KEYS[1], ARGV[1]) or 0)
  if before > now then redis.call('HINCRBY', KEYS[2], 'watchMs', math.max(0, now + tonumber(ARGV[2]) - before)) end
  redis.call('ZREM', KEYS[1], ARGV[1])`;

/** Drops who expired, and says how it stands: each viewer is dropped once, all else is O(1). KEYS: now, ever, sums. */
const countScript = `
  local time = redis.call('TIME')
  local now = time[1] * 1000 + math.floor(time[2] / 1000)
  redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
  local count = redis.call('ZCARD', KEYS[1])
  local sums = redis.call('HMGET', KEYS[3], 'peak', 'watchMs', 'reactions', 'seeded')
  local peak = math.max(count, tonumber(sums[1] or 0))
  if peak > tonumber(sums[1] or 0) then redis.call('HSET', KEYS[3], 'peak', peak) end
  return { count, peak, redis.call('PFCOUNT', KEYS[2]), tonumber(sums[2] or 0), tonumber(sums[3] or 0), sums[4] and 1 or 0 }`;

/** Once: puts what was stored to what there is. KEYS: ever, sums, a name for a sketch, quarter. ARGV: peak, watchMs, reactions, sketches of ever and quarter. */
const seedScript = `
  if redis.call('HSETNX', KEYS[2], 'seeded', 1) == 0 then return end
  redis.call('HSET', KEYS[2], 'peak', math.max(tonumber(ARGV[1]), tonumber(redis.call('HGET', KEYS[2], 'peak') or 0)))
  redis.call('HINCRBY', KEYS[2], 'watchMs', ARGV[2])
  redis.call('HINCRBY', KEYS[2], 'reactions', ARGV[3])
  for i, key in pairs({ [4] = KEYS[1], [5] = KEYS[4] }) do
    if ARGV[i] ~= '' then
      redis.call('SET', KEYS[3], ARGV[i])
      redis.call('PFMERGE', key, key, KEYS[3])
      redis.call('DEL', KEYS[3])
    end
  end`;

const counted = z.tuple([z.int(), z.int(), z.int(), z.int(), z.int(), z.int()]);

/** Who watches, in Redis: one for all api processes. */
export class ViewingStore {
  readonly #redis: Redis;

  constructor(redis: Redis) {
    this.#redis = redis;
  }

  /** These viewers of a session are there. */
  async beat(sessionId: string, viewers: readonly string[]): Promise<void> {
    const which = [admittedKey(sessionId), slotsKey(sessionId), dismissedKey(sessionId), nowhereKey];
    const keys = [...keysOf(sessionId), sessionsKey, ...which];
    await this.#redis.eval(beatScript, keys.length, ...keys, sessionId, ttlMs, keptMs, slotMs, ...viewers);
  }

  /**
   * This viewer was let in. Of a private session nobody else counts of whom it wasn't said. True when they had been
   * dismissed: then it is to be asked once more whether they are let in, as that may have been meanwhile.
   */
  async admit(sessionId: string, viewer: string, isPrivate: boolean): Promise<boolean> {
    const key = admittedKey(sessionId);
    const words = this.#redis.pipeline();
    if (isPrivate) words.sadd(key, nobody, viewer).pexpire(key, keptMs);
    else words.del(key);
    const answers = await words.srem(dismissedKey(sessionId), viewer).exec();
    return answers?.at(-1)?.[1] === 1;
  }

  /** Counts no more, whatever they say; null: nobody does who watches now. */
  async dismiss(sessionId: string, viewer: string | null): Promise<void> {
    const [now] = keysOf(sessionId);
    const key = admittedKey(sessionId);
    const dismissed = dismissedKey(sessionId);
    const words = this.#redis.pipeline();
    if (viewer === null) words.del(key, now).sadd(key, nobody).pexpire(key, keptMs);
    else words.srem(key, viewer).sadd(dismissed, viewer).pexpire(dismissed, keptMs).zrem(now, viewer);
    await words.exec();
  }

  /** Counts in no session until then. As long as tokens are good is long enough: there are no new ones. */
  async dismissEverywhere(viewer: string, until: Date): Promise<void> {
    const words = this.#redis.pipeline();
    words.zremrangebyscore(nowhereKey, '-inf', Date.now()).zadd(nowhereKey, until.getTime(), viewer);
    await words.exec();
    const going = this.#redis.pipeline();
    for (const sessionId of await this.watched()) going.zrem(keysOf(sessionId)[0], viewer);
    await going.exec();
  }

  async admitEverywhere(viewer: string): Promise<void> {
    await this.#redis.zrem(nowhereKey, viewer);
  }

  async end(sessionId: string, viewer: string): Promise<void> {
    const [now, , sums] = keysOf(sessionId);
    await this.#redis.eval(endScript, 2, now, sums, viewer, ttlMs);
  }

  async react(sessionId: string, count: number): Promise<void> {
    const [, , sums] = keysOf(sessionId);
    await this.#redis
      .pipeline()
      .hincrby(sums, 'reactions', count)
      .pexpire(sums, keptMs)
      .sadd(sessionsKey, sessionId)
      .exec();
  }

  /** Sessions that somebody watches, or did a short while ago. */
  watched(): Promise<string[]> {
    return this.#redis.smembers(sessionsKey);
  }

  async count(sessionId: string): Promise<Watched> {
    const answer = await this.#redis.eval(countScript, 3, ...keysOf(sessionId));
    const [concurrent, peak, unique, watchMs, reactions, isSeeded] = counted.parse(answer);
    return { sessionId, concurrent, peak, unique, watchMs, reactions, isSeeded: isSeeded === 1 };
  }

  async seed(sessionId: string, { peak, watchMs, reactions, sketch, slot }: Seed): Promise<void> {
    const [, ever, sums] = keysOf(sessionId);
    const bytes = sketch === null ? '' : Buffer.from(sketch);
    const keys = [ever, sums, `${ever}:stored`, slotKey(sessionId, slot.at)];
    const slotBytes = slot.sketch === null ? '' : Buffer.from(slot.sketch);
    await this.#redis.eval(seedScript, keys.length, ...keys, peak, watchMs, reactions, bytes, slotBytes);
  }

  /** The sketch of all that ever watched. */
  sketch(sessionId: string): Promise<Buffer | null> {
    return this.#redis.getBuffer(keysOf(sessionId)[1]);
  }

  /** The sketch of all that watched in a quarter of an hour. */
  slotSketch(sessionId: string, at: Date): Promise<Buffer | null> {
    return this.#redis.getBuffer(slotKey(sessionId, at));
  }

  /** Nobody watches it, and all is stored. A heartbeat brings it back. */
  async forget(sessionId: string): Promise<void> {
    await this.#redis.srem(sessionsKey, sessionId);
  }

  /** Whether it is this process's turn to count, for about so long: one process does it at a time. */
  async takeTurn(ms: number): Promise<boolean> {
    return (await this.#redis.set(turnKey, '1', 'PX', ms, 'NX')) !== null;
  }
}
