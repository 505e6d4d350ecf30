import type { Redis } from '@maydan/common';

/** How long a page can be turned after it was seen. */
const keptMs = 300_000;
/** A ranking is made anew after this time. */
const periodMs = 2_000;

/**
 * Who was watched most at a time: those who turn pages go on in the order in which they began, while the numbers change. One for
 * all viewers and api processes, in Redis, of at most each two seconds; nobody asks, nothing is kept.
 */
export class Rankings {
  readonly #redis: Redis;

  constructor(redis: Redis) {
    this.#redis = redis;
  }

  /** The one of now, with its number; made by `read` when it is the first. */
  async newest(read: () => Promise<string[]>, now = Date.now()): Promise<{ number: number; ids: string[] }> {
    const number = Math.floor(now / periodMs);
    const known = await this.find(number);
    if (known !== null) return { number, ids: known };
    const ids = await read();
    await this.#redis.set(keyOf(number), ids.join(' '), 'PX', keptMs, 'NX');
    // Another process may have made it at the same time: all go by the one that is kept.
    return { number, ids: (await this.find(number)) ?? ids };
  }

  /** Null: it is too old, or never was. */
  async find(number: number): Promise<string[] | null> {
    const text = await this.#redis.get(keyOf(number));
    return text === null ? null : text.split(' ').filter((id) => id !== '');
  }
}

function keyOf(number: number): string {
  return `maydan:sessions:ranking:${number}`;
}
