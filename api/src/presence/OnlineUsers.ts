import type { Redis } from '@maydan/common';
import type { ServerEventPayload } from '@maydan/contracts';
import { z } from 'zod';
import { socketStream, type Envelope } from '../realtime/EventStream.ts';
import { rooms } from '../realtime/rooms.ts';

/** Sorted set: user → when one of their connections was last known to be there, in milliseconds of Redis's clock. */
export const onlineKey = 'maydan:api:presence';
const turnKey = 'maydan:api:presence:turn';

/** Who isn't known to be there for so long is offline: a lost line or a restarted process isn't news. */
export const awayMs = 20_000;

export interface Away {
  readonly userId: string;
  readonly lastSeenAt: Date;
}

/** `USER_ID` stands for the user in texts. ARGV: entries kept, envelope, payload, users. */
const seeScript = `
  local time = redis.call('TIME')
  local now = time[1] * 1000 + math.floor(time[2] / 1000)
  for i = 4, #ARGV do
    if redis.call('ZADD', KEYS[1], 'GT', now, ARGV[i]) == 1 then
      local envelope = string.gsub(ARGV[2], 'USER_ID', ARGV[i])
      local payload = string.gsub(ARGV[3], 'USER_ID', ARGV[i])
      redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[1], '*', 'e', envelope, 'p', payload)
    end
  end`;

/** ARGV: entries kept, then for each user: id, when they were last known to be there, envelope, payload. */
const dropScript = `
  for i = 2, #ARGV, 4 do
    if redis.call('ZSCORE', KEYS[1], ARGV[i]) == ARGV[i + 1] then
      redis.call('ZREM', KEYS[1], ARGV[i])
      redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[1], '*', 'e', ARGV[i + 2], 'p', ARGV[i + 3])
    end
  end`;

const scores = z.tuple([z.null(), z.array(z.string().nullable())]);
const lastEntry = z.tuple([z.null(), z.array(z.tuple([z.string(), z.array(z.string())]))]);
const envelopeOf = (userId: string, event: 'presence:online' | 'presence:offline'): string => {
  const envelope: Envelope = { type: 'event', rooms: [rooms.presence(userId)], event };
  return JSON.stringify(envelope);
};
const online: ServerEventPayload<'presence:online'> = { userId: 'USER_ID' };

/**
 * Who is online, over all api processes, in Redis. Each process says again and again whom it has connections of, so one
 * that was killed needs nobody to clean up behind it. A change and its entry in the stream of sockets are one step: it
 * is told once, whoever notices, and in the order in which it happened.
 */
export class OnlineUsers {
  readonly #redis: Redis;
  readonly #maxEntries: number;

  /** `maxEntries`: about how many entries the stream of sockets keeps. */
  constructor(redis: Redis, maxEntries: number) {
    this.#redis = redis;
    this.#maxEntries = maxEntries;
  }

  /** They are there. Tells that those are online who were not. */
  async see(userIds: readonly string[]): Promise<void> {
    const texts = [envelopeOf('USER_ID', 'presence:online'), JSON.stringify(online)];
    await this.#redis.eval(seeScript, 2, onlineKey, socketStream, this.#maxEntries, ...texts, ...userIds);
  }

  /** Up to `most` of those who have been away for too long, the longest first. */
  async listAway(most: number): Promise<Away[]> {
    const [seconds, microseconds] = await this.#redis.time();
    const latest = Number(seconds) * 1_000 + Math.floor(Number(microseconds) / 1_000) - awayMs;
    const found = await this.#redis.zrangebyscore(onlineKey, '-inf', latest, 'WITHSCORES', 'LIMIT', 0, most);
    return found.flatMap((userId, index) =>
      index % 2 === 0 ? [{ userId, lastSeenAt: new Date(Number(found[index + 1])) }] : [],
    );
  }

  /** Tells that they are offline, unless they were seen again. */
  async drop(away: readonly Away[]): Promise<void> {
    const entries = away.flatMap(({ userId, lastSeenAt }) => {
      const payload: ServerEventPayload<'presence:offline'> = {
        userId,
        lastSeenAt: lastSeenAt.toISOString(),
      };
      const at = String(lastSeenAt.getTime());
      return [userId, at, envelopeOf(userId, 'presence:offline'), JSON.stringify(payload)];
    });
    await this.#redis.eval(dropScript, 2, onlineKey, socketStream, this.#maxEntries, ...entries);
  }

  /** Who of these is online, and the position in the stream of sockets up to which that has been told. */
  async among(userIds: readonly string[]): Promise<{ online: Set<string>; position: string | null }> {
    if (userIds.length === 0) return { online: new Set(), position: null };
    const asked = this.#redis.multi().zmscore(onlineKey, ...userIds);
    const replies = (await asked.xrevrange(socketStream, '+', '-', 'COUNT', 1).exec()) ?? [];
    const [, found] = scores.parse(replies[0]);
    const [, last] = lastEntry.parse(replies[1]);
    const there = userIds.filter((_, index) => found[index] !== null);
    return { online: new Set(there), position: last[0]?.[0] ?? null };
  }

  /** Whether this process is the one that looks for those who are away, for `ms` from now. */
  async takeTurn(ms: number): Promise<boolean> {
    return (await this.#redis.set(turnKey, '1', 'PX', ms, 'NX')) === 'OK';
  }
}
