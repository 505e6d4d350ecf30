import {
  AppError,
  mintPlaybackToken,
  originUser,
  parseJson,
  readPlaybackToken,
  type Redis,
} from '@maydan/common';
import { playbackKeys, playbackLeaseSec, playbackNews } from '@maydan/contracts';
import type { PlaybackGuard } from '../origin/PlaybackGuard.ts';
import { BannedViewers } from './BannedViewers.ts';
import type { ControlChannel } from './ControlWatcher.ts';

const usualRefreshMs = 1_000;
/** A playback that nobody asks for is forgotten. */
const idleMs = 60_000;
const maxKnown = 10_000;
const maxTogether = 1_000;
/** An answer about a lease is good for so long. */
const leaseKeptMs = 1_000;

export interface PrivatePlaybacksOptions {
  readonly redis: Redis;
  /** Of `mintPlaybackToken`. */
  readonly secret: string;
  readonly channel: ControlChannel;
  /** Between two looks at what nobody was told of. */
  readonly refreshMs?: number;
}

interface Known {
  isPrivate: boolean;
  askedAtMs: number;
}
interface Leased {
  readonly isGood: Promise<boolean>;
  readonly untilMs: number;
}

/**
 * Whether a user has a lease; one that is used is renewed, so that a player goes on that knows of nothing. One that was taken
 * away doesn't come back (XX). KEYS: leases. ARGV: user, ms.
 */
const leaseScript = `
  local time = redis.call('TIME')
  local now = time[1] * 1000 + math.floor(time[2] / 1000)
  local till = tonumber(redis.call('ZSCORE', KEYS[1], ARGV[1]) or 0)
  if till <= now then return 0 end
  redis.call('ZADD', KEYS[1], 'XX', 'GT', now + ARGV[2], ARGV[1])
  redis.call('PEXPIRE', KEYS[1], ARGV[2] * 2)
  return 1`;

/**
 * Who may play what, by what the api wrote into Redis. Of what changes origins are told at once; in case they were not, playbacks
 * that are asked for, and who is banned, are looked at once a second. The public ones wait for nothing. While Redis is away, those that
 * are known stay as they were; of others nothing is given out.
 */
export class PrivatePlaybacks implements PlaybackGuard {
  readonly #redis: Redis;
  readonly #secret: string;
  readonly #banned: BannedViewers;
  readonly #channel: ControlChannel;
  readonly #refreshMs: number;
  readonly #known = new Map<string, Known>();
  readonly #asking = new Map<string, Promise<boolean>>();
  readonly #leases = new Map<string, Leased>();
  #timer: NodeJS.Timeout | undefined;
  #closed = false;
  /** Counts what was told of access: an answer that it comes before may be older. */
  #told = 0;

  constructor({ redis, secret, channel, refreshMs = usualRefreshMs }: PrivatePlaybacksOptions) {
    this.#redis = redis;
    this.#secret = secret;
    this.#banned = new BannedViewers(redis, secret);
    this.#channel = channel;
    this.#refreshMs = refreshMs;
    channel.listen(playbackKeys.news, this.#hear);
  }

  close(): void {
    this.#channel.forget(playbackKeys.news, this.#hear);
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  isPublic(playbackId: string, token: string | null): boolean {
    const known = this.#known.get(playbackId);
    if (known === undefined) return false;
    known.askedAtMs = performance.now();
    return !known.isPrivate && (token === null || this.#banned.refusalOfToken(playbackId, token) === null);
  }

  async check(playbackId: string, token: string | null): Promise<'public' | 'private'> {
    if (!(await this.#isPrivate(playbackId))) {
      throwIf(token === null ? null : this.#banned.refusalOfToken(playbackId, token));
      return 'public';
    }
    if (token === null) throw new AppError('session_private');
    const userId = readPlaybackToken(this.#secret, playbackId, token);
    if (userId === originUser) return 'private';
    throwIf(this.#banned.refusalOf(playbackId, userId));
    if (!(await this.#hasLease(playbackId, userId))) throw new AppError('token_expired');
    return 'private';
  }

  ownToken(playbackId: string): string {
    return mintPlaybackToken(this.#secret, { playbackId, userId: originUser });
  }

  async #isPrivate(playbackId: string): Promise<boolean> {
    const known = this.#known.get(playbackId);
    if (known !== undefined) {
      known.askedAtMs = performance.now();
      return known.isPrivate;
    }
    const asking = this.#asking.get(playbackId) ?? this.#ask(playbackId);
    this.#asking.set(playbackId, asking);
    return asking;
  }

  readonly #hear = (text: string): void => {
    const { data: news } = playbackNews.safeParse(parseJson(text));
    if (news?.type === 'banned') this.#banned.hear(news.member, news.untilMs);
    else if (news?.type === 'access') this.#forget(news.playbackId);
  };

  #forget(playbackId: string): void {
    this.#told += 1;
    this.#known.delete(playbackId);
    for (const key of this.#leases.keys()) if (key.startsWith(`${playbackId} `)) this.#leases.delete(key);
  }

  async #ask(playbackId: string): Promise<boolean> {
    const told = this.#told;
    try {
      const [answer] = await Promise.all([
        this.#redis.sismember(playbackKeys.private, playbackId),
        this.#banned.refresh(),
      ]);
      if (told !== this.#told) return await this.#ask(playbackId);
      const isPrivate = answer === 1;
      if (this.#known.size < maxKnown)
        this.#known.set(playbackId, { isPrivate, askedAtMs: performance.now() });
      this.#refreshSoon();
      return isPrivate;
    } catch (error) {
      throw new AppError('unavailable', undefined, undefined, { cause: error });
    } finally {
      this.#asking.delete(playbackId);
    }
  }

  #hasLease(playbackId: string, userId: string): Promise<boolean> {
    const key = `${playbackId} ${userId}`;
    const nowMs = performance.now();
    const known = this.#leases.get(key);
    if (known !== undefined && known.untilMs > nowMs) return known.isGood;
    const isGood = this.#askLease(playbackId, userId);
    // Who waits for it is told when it fails; the next one asks again.
    isGood.catch(() => this.#leases.delete(key));
    this.#leases.delete(key);
    this.#leases.set(key, { isGood, untilMs: nowMs + leaseKeptMs });
    for (const [oldest, { untilMs }] of this.#leases) {
      if (untilMs > nowMs && this.#leases.size <= maxKnown) break;
      this.#leases.delete(oldest);
    }
    return isGood;
  }

  async #askLease(playbackId: string, userId: string): Promise<boolean> {
    try {
      const key = playbackKeys.leases(playbackId);
      return Number(await this.#redis.eval(leaseScript, 1, key, userId, playbackLeaseSec * 1_000)) === 1;
    } catch (error) {
      throw new AppError('unavailable', undefined, undefined, { cause: error });
    }
  }

  #refreshSoon(): void {
    if (this.#closed || this.#known.size === 0) return;
    this.#timer ??= setTimeout(() => void this.#refresh(), this.#refreshMs).unref();
  }

  async #refresh(): Promise<void> {
    const oldestMs = performance.now() - idleMs;
    for (const [id, { askedAtMs }] of this.#known) if (askedAtMs < oldestMs) this.#known.delete(id);
    const ids = [...this.#known.keys()];
    try {
      await this.#banned.refresh();
      for (let first = 0; first < ids.length; first += maxTogether)
        await this.#refreshThese(ids.slice(first, first + maxTogether));
    } catch {
      // Redis is away; that is said where it matters.
    }
    this.#timer = undefined;
    this.#refreshSoon();
  }

  async #refreshThese(ids: readonly string[]): Promise<void> {
    const told = this.#told;
    const answers = await this.#redis.smismember(playbackKeys.private, ...ids);
    if (told !== this.#told) return;
    ids.forEach((id, nth) => {
      const known = this.#known.get(id);
      if (known !== undefined) known.isPrivate = answers[nth] === 1;
    });
  }
}

function throwIf(refusal: AppError | null): void {
  if (refusal !== null) throw refusal;
}
