import type { Redis } from '@maydan/common';

/** What a guest has open in a session: a device in its room, or a viewer that counts. */
export interface GuestPlace {
  readonly kind: 'peer' | 'viewer';
  readonly sessionId: string;
  readonly id: string;
}

/** From one device or address, the newest. */
const most = 10_000;
const keptMs = 7 * 86_400_000;
const keyOf = (hash: string): string => `maydan:guests:${hash}`;

/** Where guests from a device or an address are, in Redis, so that a ban which includes it can put them out. */
export class GuestPlaces {
  readonly #redis: Redis;

  constructor(redis: Redis) {
    this.#redis = redis;
  }

  /** To be written before it is asked for the last time whether they are let in: a ban of that moment finds it, or they do. */
  async note(hashes: readonly string[], { kind, sessionId, id }: GuestPlace): Promise<void> {
    if (hashes.length === 0) return;
    const words = this.#redis.pipeline();
    for (const hash of hashes) {
      const key = keyOf(hash);
      words.zadd(key, Date.now(), `${kind} ${sessionId} ${id}`);
      words.zremrangebyrank(key, 0, -(most + 1)).pexpire(key, keptMs);
    }
    await words.exec();
  }

  /** Those of a session, or (null) of all. */
  async of(hashes: readonly string[], sessionId: string | null): Promise<GuestPlace[]> {
    const lists = await Promise.all(hashes.map((hash) => this.#redis.zrange(keyOf(hash), 0, '-1')));
    const places = [...new Set(lists.flat())].map((member) => {
      const [kind, where = '', id = ''] = member.split(' ');
      return { kind: kind === 'peer' ? kind : 'viewer', sessionId: where, id } as const;
    });
    return sessionId === null ? places : places.filter((place) => place.sessionId === sessionId);
  }
}
