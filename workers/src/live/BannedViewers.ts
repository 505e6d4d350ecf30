import { AppError, readPlaybackToken, RecentMap, scoresOf, type Redis } from '@maydan/common';
import { bannedFromPlayback, playbackKeys } from '@maydan/contracts';

const mostKnown = 20_000;

/**
 * Who was banned from playbacks, or altogether, as the api wrote it into Redis. All of the last day are kept here, so that
 * nobody waits for an answer: whoever needs it calls `refresh` now and then, and `hear` with what was told.
 */
export class BannedViewers {
  readonly #redis: Redis;
  readonly #secret: string;
  #version: string | null | undefined;
  #untilMs = new Map<string, number>();
  /** What was told while they were read: the answer may be older. */
  #toldMeanwhile: [member: string, untilMs: number][] = [];
  #refreshing: Promise<void> | null = null;
  /** Of tokens, proved once: a player asks with the same one several times a second. */
  readonly #users = new RecentMap<string | null>(mostKnown);

  constructor(redis: Redis, secret: string) {
    this.#redis = redis;
    this.#secret = secret;
  }

  /** Reads them anew if any was changed. Rejects when Redis is away; what is known stays. */
  refresh(): Promise<void> {
    this.#refreshing ??= this.#refresh().finally(() => (this.#refreshing = null));
    return this.#refreshing;
  }

  async #refresh(): Promise<void> {
    const version = await this.#redis.get(playbackKeys.bannedVersion);
    if (version === this.#version) return;
    this.#toldMeanwhile = [];
    const answer = await this.#redis.zrange(playbackKeys.banned, 0, '-1', 'WITHSCORES');
    this.#untilMs = new Map(scoresOf(answer));
    this.#version = version;
    for (const [member, untilMs] of this.#toldMeanwhile) this.#note(member, untilMs);
  }

  /** Of one that was banned just now, or (0) is no more. */
  hear(member: string, untilMs: number): void {
    if (this.#refreshing !== null) this.#toldMeanwhile.push([member, untilMs]);
    this.#note(member, untilMs);
  }

  /** Null: the user may play it. */
  refusalOf(playbackId: string, userId: string): AppError | null {
    if (this.#holds(bannedFromPlayback(null, userId))) return new AppError('account_banned');
    if (!this.#holds(bannedFromPlayback(playbackId, userId))) return null;
    return new AppError('forbidden', 'You were put out of this session.');
  }

  /** As `refusalOf`, by the token of an address; one that isn't good says nothing about anybody. */
  refusalOfToken(playbackId: string, token: string): AppError | null {
    const userId = this.#users.get(`${playbackId} ${token}`, () => this.#read(playbackId, token));
    return userId === null ? null : this.refusalOf(playbackId, userId);
  }

  #note(member: string, untilMs: number): void {
    if (untilMs === 0) this.#untilMs.delete(member);
    else this.#untilMs.set(member, Math.max(untilMs, this.#untilMs.get(member) ?? 0));
  }

  #holds(member: string): boolean {
    const untilMs = this.#untilMs.get(member);
    return untilMs !== undefined && untilMs > Date.now();
  }

  #read(playbackId: string, token: string): string | null {
    try {
      return readPlaybackToken(this.#secret, playbackId, token);
    } catch {
      return null;
    }
  }
}
