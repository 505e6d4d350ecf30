import { randomUUID } from 'node:crypto';
import type { Redis } from '@maydan/common';
import { z } from 'zod';
import type { SketchRow } from './figures.repo.ts';

const ttlSec = 60;
const whole = 'whole';
const counts = z.array(z.int());

/** Puts a sketch to others. KEYS: one, all, a name for the sketch. ARGV: sketch, seconds. */
const addScript = `
  redis.call('SET', KEYS[3], ARGV[1])
  redis.call('PFMERGE', KEYS[1], KEYS[1], KEYS[3])
  redis.call('PFMERGE', KEYS[2], KEYS[2], KEYS[3])
  redis.call('DEL', KEYS[3])
  redis.call('EXPIRE', KEYS[1], ARGV[2])
  redis.call('EXPIRE', KEYS[2], ARGV[2])`;

/** Different viewers of several sessions: Redis puts their sketches (HyperLogLog) together. */
export class UniqueViewers {
  readonly #redis: Redis;

  constructor(redis: Redis) {
    this.#redis = redis;
  }

  /** By period, and of all. */
  async count(
    batches: AsyncIterable<readonly SketchRow[]>,
  ): Promise<{ byPeriod: Map<string, number>; total: number }> {
    const prefix = `maydan:analytics:${randomUUID()}`;
    const keyOf = (period: string): string => `${prefix}:${period}`;
    const periods = new Set<string>();
    try {
      for await (const batch of batches) {
        for (const { period, sketch } of batch) {
          periods.add(period);
          const keys = [keyOf(period), keyOf(whole), keyOf('sketch')];
          await this.#redis.eval(addScript, keys.length, ...keys, Buffer.from(sketch), ttlSec);
        }
      }
      const names = [...periods];
      const total = await this.#redis.pfcount(keyOf(whole));
      const answers = counts.parse(await Promise.all(names.map((name) => this.#redis.pfcount(keyOf(name)))));
      return { byPeriod: new Map(names.map((name, at) => [name, answers[at] ?? 0])), total };
    } finally {
      if (periods.size > 0) await this.#redis.del(keyOf(whole), ...[...periods].map(keyOf));
    }
  }
}
