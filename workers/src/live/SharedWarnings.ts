import type { Logger, Redis } from '@maydan/common';
import { healthWarning, type HealthWarning } from '@maydan/contracts';
import { z } from 'zod';

const keyOf = (sessionId: string): string => `maydan:session:${sessionId}:warnings`;
const warnings = z.array(healthWarning).max(30);
/** Of a job that fell silent nothing is told any more. */
const lifetimeMs = 10_000;

/**
 * Warnings about a session of another job than the one that reports its health, which may run on another worker: written
 * by the one, told to the broadcaster by the other.
 */
export class SharedWarnings {
  readonly #redis: Redis;
  readonly #key: string;
  readonly #log: Logger;

  constructor(redis: Redis, sessionId: string, log: Logger) {
    this.#redis = redis;
    this.#key = keyOf(sessionId);
    this.#log = log;
  }

  /** Holds for some seconds: write again while it lasts. Never rejects. */
  async write(list: readonly HealthWarning[]): Promise<void> {
    try {
      if (list.length === 0) await this.#redis.del(this.#key);
      else await this.#redis.set(this.#key, JSON.stringify(list), 'PX', lifetimeMs);
    } catch (error) {
      this.#log.debug({ err: error }, 'warnings not shared');
    }
  }

  /** Empty while Redis is away. */
  async read(): Promise<readonly HealthWarning[]> {
    try {
      const text = await this.#redis.get(this.#key);
      return text === null ? [] : warnings.parse(JSON.parse(text));
    } catch (error) {
      this.#log.debug({ err: error }, 'shared warnings not read');
      return [];
    }
  }
}
