import type { Redis } from '@maydan/common';
import { playbackKeys, playbackLeaseSec, type PlaybackNews } from '@maydan/contracts';

/** A private session as Redis knows it. */
export interface Leased {
  readonly id: string;
  readonly playbackId: string;
}

const sessionsKey = 'maydan:access:sessions';
const turnKey = 'maydan:access:turn';
const admittedKey = (sessionId: string): string => `maydan:access:${sessionId}:admitted`;
const admittedMs = 86_400_000;
const leaseMs = playbackLeaseSec * 1_000;

const news = (playbackId: string): string =>
  JSON.stringify({ type: 'access', playbackId } satisfies PlaybackNews);

/**
 * Until now and some time, by Redis's own clock, which all nodes share. KEYS: users by time, sessions. ARGV: user, ms, session.
 * Answers when it ends.
 */
const addScript = `
  local time = redis.call('TIME')
  local till = time[1] * 1000 + math.floor(time[2] / 1000) + ARGV[2]
  redis.call('ZADD', KEYS[1], till, ARGV[1])
  redis.call('PEXPIRE', KEYS[1], ARGV[2] * 2)
  redis.call('SADD', KEYS[2], ARGV[3])
  return till`;

/** Who is still there; those whose time is over are dropped. KEYS: users by time. */
const presentScript = `
  local time = redis.call('TIME')
  redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', time[1] * 1000 + math.floor(time[2] / 1000))
  return redis.call('ZRANGE', KEYS[1], 0, -1)`;

/** KEYS: those who play, those who were let in, sessions. ARGV: session. */
const forgetScript = `
  if redis.call('EXISTS', KEYS[1], KEYS[2]) == 0 then redis.call('SREM', KEYS[3], ARGV[1]) end`;

/** Who has a way into private sessions at the moment, in Redis: what origins go by, and what is to be closed once access ends. */
export class PlaybackLeases {
  readonly #redis: Redis;

  constructor(redis: Redis) {
    this.#redis = redis;
  }

  /** Somebody was let in: until a day later it is looked at again and again whether they still are. */
  async admit(sessionId: string, userId: string): Promise<void> {
    await this.#add(admittedKey(sessionId), { sessionId, userId }, admittedMs);
  }

  /** Somebody may play for `playbackLeaseSec`; returns until when. */
  async grant({ id, playbackId }: Leased, userId: string): Promise<Date> {
    const till = await this.#add(playbackKeys.leases(playbackId), { sessionId: id, userId }, leaseMs);
    return new Date(till);
  }

  /** They play nothing from now on, on all origins. */
  async end({ id, playbackId }: Leased, userIds: readonly string[]): Promise<void> {
    await this.#redis
      .pipeline()
      .zrem(playbackKeys.leases(playbackId), ...userIds)
      .zrem(admittedKey(id), ...userIds)
      .publish(playbackKeys.news, news(playbackId))
      .exec();
  }

  /** Sessions that somebody was let into. */
  sessions(): Promise<string[]> {
    return this.#redis.smembers(sessionsKey);
  }

  playing({ playbackId }: Leased): Promise<string[]> {
    return this.#present(playbackKeys.leases(playbackId));
  }

  admitted({ id }: Leased): Promise<string[]> {
    return this.#present(admittedKey(id));
  }

  /** Nobody has to be looked after there, unless somebody came in meanwhile. Whoever is let in brings it back. */
  async forget({ id, playbackId }: Leased): Promise<void> {
    const keys = [playbackKeys.leases(playbackId), admittedKey(id), sessionsKey];
    await this.#redis.eval(forgetScript, keys.length, ...keys, id);
  }

  /** The session is there no more. */
  async drop(sessionId: string): Promise<void> {
    await this.#redis.pipeline().del(admittedKey(sessionId)).srem(sessionsKey, sessionId).exec();
  }

  /** Its room is closed, or open to all: who was let in is nobody's concern. */
  async dropAdmitted({ id }: Leased): Promise<void> {
    await this.#redis.del(admittedKey(id));
  }

  /** Only tokens play it from now on, or anybody. */
  async setPrivate(playbackId: string, isPrivate: boolean): Promise<void> {
    const words = this.#redis.pipeline();
    if (isPrivate) words.sadd(playbackKeys.private, playbackId);
    else words.srem(playbackKeys.private, playbackId);
    await words.publish(playbackKeys.news, news(playbackId)).exec();
  }

  countPrivate(): Promise<number> {
    return this.#redis.scard(playbackKeys.private);
  }

  async addPrivate(playbackIds: readonly string[]): Promise<void> {
    if (playbackIds.length > 0) await this.#redis.sadd(playbackKeys.private, ...playbackIds);
  }

  /** All private playbacks, in batches. */
  async *allPrivate(): AsyncGenerator<string[]> {
    for (let cursor = '0'; ;) {
      const [next, ids] = await this.#redis.sscan(playbackKeys.private, cursor, 'COUNT', 1_000);
      yield ids;
      if (next === '0') return;
      cursor = next;
    }
  }

  /** Whether it is this process's turn to look, for about so long: one process does it at a time. */
  async takeTurn(ms: number): Promise<boolean> {
    return (await this.#redis.set(turnKey, '1', 'PX', ms, 'NX')) !== null;
  }

  async #add(key: string, { sessionId, userId }: { sessionId: string; userId: string }, ms: number) {
    return Number(await this.#redis.eval(addScript, 2, key, sessionsKey, userId, ms, sessionId));
  }

  async #present(key: string): Promise<string[]> {
    const answer = await this.#redis.eval(presentScript, 1, key);
    return Array.isArray(answer) ? answer.map(String) : [];
  }
}
