import { randomUUID } from 'node:crypto';
import { scoresOf, type Redis } from '@maydan/common';
import {
  bannedFromPlayback,
  kickedFromPlaybackSec,
  playbackKeys,
  playbackTokenSec,
  type PlaybackNews,
} from '@maydan/contracts';

/** A ban as origins know it. */
export interface BanEntry {
  readonly member: string;
  /** Until when origins have to know it. */
  readonly untilMs: number;
}

interface Ban {
  readonly userId: string;
  readonly createdAt: Date;
  readonly expiresAt: Date | null;
}

/** `playbackId` null: an account is banned. Whoever is banned is given no new token, so it ends with the last old one. */
export function banEntry(playbackId: string | null, { userId, createdAt, expiresAt }: Ban): BanEntry {
  const tokensEndMs = createdAt.getTime() + playbackTokenSec * 1_000;
  return {
    member: bannedFromPlayback(playbackId, userId),
    untilMs: Math.min(expiresAt?.getTime() ?? tokensEndMs, tokensEndMs),
  };
}

const news = (member: string, untilMs: number): string =>
  JSON.stringify({ type: 'banned', member, untilMs } satisfies PlaybackNews);

/** KEYS: bans, version. ARGV: the version that was known, the new one, then until when and whom for each. */
const replaceScript = `
  if (redis.call('GET', KEYS[2]) or '') ~= ARGV[1] then return 0 end
  redis.call('DEL', KEYS[1])
  for i = 3, #ARGV, 2 do redis.call('ZADD', KEYS[1], ARGV[i], ARGV[i + 1]) end
  redis.call('SET', KEYS[2], ARGV[2])
  return 1`;

/** Whom origins refuse, though a session is public, in Redis. */
export class PlaybackBans {
  readonly #redis: Redis;

  constructor(redis: Redis) {
    this.#redis = redis;
  }

  /** At once, on all origins. `playbackId` null: from all playbacks. */
  async ban(playbackId: string | null, ban: Ban): Promise<void> {
    const { member, untilMs } = banEntry(playbackId, ban);
    await this.#redis
      .multi()
      .zadd(playbackKeys.banned, untilMs, member)
      .set(playbackKeys.bannedVersion, randomUUID())
      .publish(playbackKeys.news, news(member, untilMs))
      .exec();
  }

  /** As `ban`, for `kickedFromPlaybackSec`; a ban that is longer stays. */
  async kick(playbackId: string, userId: string, nowMs = Date.now()): Promise<void> {
    const member = bannedFromPlayback(playbackId, userId);
    const untilMs = nowMs + kickedFromPlaybackSec * 1_000;
    const { banned, kicked, bannedVersion } = playbackKeys;
    const words = this.#redis.multi();
    for (const key of [kicked, banned])
      words.zremrangebyscore(key, '-inf', nowMs).zadd(key, 'GT', untilMs, member);
    await words
      .pexpire(kicked, kickedFromPlaybackSec * 1_000)
      .set(bannedVersion, randomUUID())
      .publish(playbackKeys.news, news(member, untilMs))
      .exec();
  }

  /** Of a kick, too. */
  async lift(playbackId: string | null, userId: string): Promise<void> {
    const member = bannedFromPlayback(playbackId, userId);
    await this.#redis
      .multi()
      .zrem(playbackKeys.banned, member)
      .zrem(playbackKeys.kicked, member)
      .set(playbackKeys.bannedVersion, randomUUID())
      .publish(playbackKeys.news, news(member, 0))
      .exec();
  }

  /**
   * Makes Redis say what `ask` says, and who was kicked, unless another ban or lift comes meanwhile: then a later round does. Returns whether
   * something was wrong.
   */
  async repair(ask: () => Promise<readonly BanEntry[]>, nowMs = Date.now()): Promise<boolean> {
    const { banned, kicked, bannedVersion } = playbackKeys;
    const version = (await this.#redis.get(bannedVersion)) ?? '';
    const right = new Map((await ask()).map(({ member, untilMs }) => [member, untilMs]));
    for (const [member, untilMs] of await this.#holding(kicked, nowMs))
      right.set(member, Math.max(untilMs, right.get(member) ?? 0));
    const known = new Map(await this.#holding(banned, nowMs));
    const isSame = known.size === right.size && [...right].every(([who, ms]) => known.get(who) === ms);
    if (isSame) return false;
    const entries = [...right].flatMap(([member, untilMs]) => [untilMs, member]);
    const keys = [banned, bannedVersion];
    return (await this.#redis.eval(replaceScript, 2, ...keys, version, randomUUID(), ...entries)) === 1;
  }

  async #holding(key: string, nowMs: number): Promise<[string, number][]> {
    return scoresOf(await this.#redis.zrangebyscore(key, `(${nowMs}`, '+inf', 'WITHSCORES'));
  }
}
