import type { Redis } from '@maydan/common';
import type { BanTraceKind } from '@maydan/prisma';

/** Of one person, of each kind, the newest. */
const most = 20;
const keptMs = { device: 7 * 86_400_000, address: 86_400_000 } as const satisfies Record<
  BanTraceKind,
  number
>;
const keyOf = (userId: string): string => `maydan:seen:${userId}`;

/** With which devices, and from where, people were seen lately: hashes alone, in Redis, for a week and a day. */
export class SeenTraces {
  readonly #redis: Redis;

  constructor(redis: Redis) {
    this.#redis = redis;
  }

  async note(userId: string, seen: readonly { kind: BanTraceKind; hash: string }[]): Promise<void> {
    if (seen.length === 0) return;
    const key = keyOf(userId);
    const members = seen.flatMap(({ kind, hash }) => [Date.now(), `${kind} ${hash}`]);
    await this.#redis
      .pipeline()
      .zadd(key, ...members)
      .zremrangebyrank(key, 0, -(2 * most + 1))
      .pexpire(key, keptMs.device)
      .exec();
  }

  /** The hashes of one kind. */
  async of(userId: string, kind: BanTraceKind): Promise<string[]> {
    const since = Date.now() - keptMs[kind];
    const members = await this.#redis.zrevrangebyscore(keyOf(userId), '+inf', since);
    const found = members.flatMap((member) => {
      const [known, hash] = member.split(' ');
      return known === kind && hash !== undefined ? [hash] : [];
    });
    return found.slice(0, most);
  }
}
