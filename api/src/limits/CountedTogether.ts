import type { Redis } from '@maydan/common';
import { z } from 'zod';
import { Gathered } from './Gathered.ts';

/** Adds points to a key that is forgotten some seconds after its first point. */
interface Count {
  readonly key: string;
  readonly points: string;
  readonly seconds: string;
}
/** Points that the key has now, and milliseconds until it is forgotten. */
type Counted = readonly [points: number, leftMs: number];

/** Counts that come within this time go to Redis together. Nobody notices the wait, and a trip costs much more than a count. */
const paceMs = 5;
const most = 200;
const maxWaiting = 10_000;

/** Keys with, for each, points and seconds; answers with the points and the milliseconds of each. */
const countScript = `
local answer = {}
for i, key in ipairs(KEYS) do
  local points = redis.call('INCRBY', key, ARGV[2 * i - 1])
  local left = redis.call('PTTL', key)
  if left == -1 then
    redis.call('EXPIRE', key, ARGV[2 * i])
    left = 1000 * ARGV[2 * i]
  end
  answer[2 * i - 1] = points
  answer[2 * i] = left
end
return answer`;
const answers = z.array(z.number());

/** The Redis of limiters of rate-limiter-flexible: as much of a client as they use, which counts for many of them at once. */
export class CountedTogether {
  readonly #redis: Redis;
  readonly #gathered: Gathered<Count, Counted>;

  constructor(redis: Redis) {
    this.#redis = redis;
    this.#gathered = new Gathered({
      run: (counts) => this.#count(counts),
      inTurn: false,
      ...{ paceMs, most, maxWaiting },
    });
  }

  /** The library's script of this name; it counts also what is given back (points below zero). */
  rlflxIncr([key = '', points = '', seconds = '']: readonly string[]): Promise<Counted> {
    return this.#gathered.run({ key, points, seconds });
  }

  del(key: string): Promise<number> {
    return this.#redis.del(key);
  }

  async #count(counts: readonly Count[]): Promise<Counted[]> {
    const keys = counts.map(({ key }) => key);
    const values = counts.flatMap(({ points, seconds }) => [points, seconds]);
    const answer = answers.parse(await this.#redis.eval(countScript, keys.length, ...keys, ...values));
    return counts.map((_, index) => [answer[2 * index] ?? 0, answer[2 * index + 1] ?? 0]);
  }
}
