import {
  ViewerBeats,
  viewingAdmittedKey,
  viewingDismissedKey,
  viewingKeptMs,
  viewingKeys,
  viewingNowhereKey,
  viewingSessionsKey,
  viewingSlotsKey,
  type Redis,
} from '@maydan/common';
import { viewingTtlSec } from '@maydan/contracts';
import { z } from 'zod';

/** How a session is watched, as Redis has it. */
export interface Watched {
  readonly sessionId: string;
  readonly concurrent: number;
  readonly peak: number;
  readonly unique: number;
  readonly watchMs: number;
  /** What those who watch now have watched since their last heartbeats, in whole seconds of each, at `atMs` (Redis's clock). */
  readonly pendingMs: number;
  readonly atMs: number;
  readonly reactions: number;
  /** Whether what was stored before is in it. */
  readonly isSeeded: boolean;
}
/** What was stored of it, for a Redis that lost it. */
export interface Seed {
  readonly peak: number;
  /** With what was pending. */
  readonly watchMs: number;
  /** Until when the time of those who watched is in it (ms); 0 where nobody did. */
  readonly sinceMs: number;
  readonly reactions: number;
  readonly sketch: Uint8Array | null;
  /** Of the quarter of an hour that it is. */
  readonly slot: { readonly at: Date; readonly sketch: Uint8Array | null };
}

const turnKey = 'maydan:viewing:turn';
const slotKey = (sessionId: string, at: Date): string => `${viewingSlotsKey(sessionId)}${at.getTime()}`;
/** So that the set is there while nobody is in it. */
const nobody = '-';

/** Drops who expired, and says how it stands: each viewer is dropped once, all else is O(log n). KEYS: now, ever, sums. ARGV: ttl. */
const countScript = `
  local time = redis.call('TIME')
  local now = time[1] * 1000 + math.floor(time[2] / 1000)
  redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
  local count = redis.call('ZCARD', KEYS[1])
  local sums = redis.call('HMGET', KEYS[3], 'peak', 'watchMs', 'reactions', 'seeded')
  local peak = math.max(count, tonumber(sums[1] or 0))
  if peak > tonumber(sums[1] or 0) then redis.call('HSET', KEYS[3], 'peak', peak) end
  local pending, ttl = 0, tonumber(ARGV[1])
  for age = 1000, ttl, 1000 do
    pending = pending + 1000 * redis.call('ZCOUNT', KEYS[1], '-inf', now + ttl - age)
  end
  return { count, peak, redis.call('PFCOUNT', KEYS[2]), tonumber(sums[2] or 0), tonumber(sums[3] or 0), sums[4] and 1 or 0, pending, now }`;

/** Once: puts what was stored to what there is. KEYS: ever, sums, a name for a sketch, quarter. ARGV: peak, watchMs, reactions, sketches of ever and quarter, since, ttl. */
const seedScript = `
  if redis.call('HSETNX', KEYS[2], 'seeded', 1) == 0 then return end
  redis.call('HSET', KEYS[2], 'peak', math.max(tonumber(ARGV[1]), tonumber(redis.call('HGET', KEYS[2], 'peak') or 0)))
  redis.call('HINCRBY', KEYS[2], 'watchMs', ARGV[2])
  redis.call('HSET', KEYS[2], 'since', ARGV[6])
  local returned = redis.call('HMGET', KEYS[2], 'returned', 'returnedAtMs')
  local gap = tonumber(returned[2] or 0) - tonumber(ARGV[6])
  if gap > 0 and gap < tonumber(ARGV[7]) then redis.call('HINCRBY', KEYS[2], 'watchMs', returned[1] * gap) end
  redis.call('HINCRBY', KEYS[2], 'reactions', ARGV[3])
  for i, key in pairs({ [4] = KEYS[1], [5] = KEYS[4] }) do
    if ARGV[i] ~= '' then
      redis.call('SET', KEYS[3], ARGV[i])
      redis.call('PFMERGE', key, key, KEYS[3])
      redis.call('DEL', KEYS[3])
    end
  end`;

const counted = z.tuple([z.int(), z.int(), z.int(), z.int(), z.int(), z.int(), z.int(), z.int()]);
const ttlMs = viewingTtlSec * 1_000;

/** Who watches, in Redis: one for all api processes. */
export class ViewingStore {
  readonly #redis: Redis;
  readonly #beats: ViewerBeats;

  constructor(redis: Redis) {
    this.#redis = redis;
    this.#beats = new ViewerBeats(redis);
  }

  /** These viewers of a session are there; `goOn`: they were until now, their players say. */
  beat(sessionId: string, viewers: readonly string[], options: { goOn?: boolean } = {}): Promise<void> {
    return this.#beats.beat(sessionId, viewers, options);
  }

  /**
   * This viewer was let in. Of a private session nobody else counts of whom it wasn't said. True when they had been
   * dismissed: then it is to be asked once more whether they are let in, as that may have been meanwhile.
   */
  async admit(sessionId: string, viewer: string, isPrivate: boolean): Promise<boolean> {
    const key = viewingAdmittedKey(sessionId);
    const words = this.#redis.pipeline();
    if (isPrivate) words.sadd(key, nobody, viewer).pexpire(key, viewingKeptMs);
    else words.del(key);
    const answers = await words.srem(viewingDismissedKey(sessionId), viewer).exec();
    return answers?.at(-1)?.[1] === 1;
  }

  /** Counts no more, whatever they say; null: nobody does who watches now. */
  async dismiss(sessionId: string, viewer: string | null): Promise<void> {
    const [now] = viewingKeys(sessionId);
    const key = viewingAdmittedKey(sessionId);
    const dismissed = viewingDismissedKey(sessionId);
    const words = this.#redis.pipeline();
    if (viewer === null) words.del(key, now).sadd(key, nobody).pexpire(key, viewingKeptMs);
    else words.srem(key, viewer).sadd(dismissed, viewer).pexpire(dismissed, viewingKeptMs).zrem(now, viewer);
    await words.exec();
  }

  /** Counts in no session until then. As long as tokens are good is long enough: there are no new ones. */
  async dismissEverywhere(viewer: string, until: Date): Promise<void> {
    const words = this.#redis.pipeline();
    words
      .zremrangebyscore(viewingNowhereKey, '-inf', Date.now())
      .zadd(viewingNowhereKey, until.getTime(), viewer);
    await words.exec();
    const going = this.#redis.pipeline();
    for (const sessionId of await this.watched()) going.zrem(viewingKeys(sessionId)[0], viewer);
    await going.exec();
  }

  async admitEverywhere(viewer: string): Promise<void> {
    await this.#redis.zrem(viewingNowhereKey, viewer);
  }

  /** Of one player; who is connected to the sfu, too, goes on. */
  end(sessionId: string, viewer: string): Promise<void> {
    return this.#beats.end(sessionId, viewer);
  }

  async react(sessionId: string, count: number): Promise<void> {
    const [, , sums] = viewingKeys(sessionId);
    await this.#redis
      .pipeline()
      .hincrby(sums, 'reactions', count)
      .pexpire(sums, viewingKeptMs)
      .sadd(viewingSessionsKey, sessionId)
      .exec();
  }

  /** Sessions that somebody watches, or did a short while ago. */
  watched(): Promise<string[]> {
    return this.#redis.smembers(viewingSessionsKey);
  }

  async count(sessionId: string): Promise<Watched> {
    const answer = await this.#redis.eval(countScript, 3, ...viewingKeys(sessionId), ttlMs);
    const [concurrent, peak, unique, watchMs, reactions, isSeeded, pendingMs, atMs] = counted.parse(answer);
    const sums = { peak, unique, watchMs, pendingMs, reactions };
    return { sessionId, concurrent, ...sums, atMs, isSeeded: isSeeded === 1 };
  }

  async seed(sessionId: string, seed: Seed): Promise<void> {
    const { peak, watchMs, sinceMs, reactions, sketch, slot } = seed;
    const [, ever, sums] = viewingKeys(sessionId);
    const bytes = sketch === null ? '' : Buffer.from(sketch);
    const keys = [ever, sums, `${ever}:stored`, slotKey(sessionId, slot.at)];
    const slotBytes = slot.sketch === null ? '' : Buffer.from(slot.sketch);
    const values = [peak, watchMs, reactions, bytes, slotBytes, sinceMs, ttlMs];
    await this.#redis.eval(seedScript, keys.length, ...keys, ...values);
  }

  /** The sketch of all that ever watched. */
  sketch(sessionId: string): Promise<Buffer | null> {
    return this.#redis.getBuffer(viewingKeys(sessionId)[1]);
  }

  /** The sketch of all that watched in a quarter of an hour. */
  slotSketch(sessionId: string, at: Date): Promise<Buffer | null> {
    return this.#redis.getBuffer(slotKey(sessionId, at));
  }

  /** Nobody watches it, and all is stored. A heartbeat brings it back. */
  async forget(sessionId: string): Promise<void> {
    await this.#redis.srem(viewingSessionsKey, sessionId);
  }

  /** Whether it is this process's turn to count, for about so long: one process does it at a time. */
  async takeTurn(ms: number): Promise<boolean> {
    return (await this.#redis.set(turnKey, '1', 'PX', ms, 'NX')) !== null;
  }
}
