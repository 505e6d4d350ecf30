import type { Logger, Redis } from '@maydan/common';
import { healthWarning, type HealthWarning } from '@maydan/contracts';
import { z } from 'zod';

/** Jobs that have something to tell beside the one that reports. */
const writers = ['forward', 'composite'] as const;
export type WarningWriter = (typeof writers)[number];
const keyOf = (sessionId: string, writer: WarningWriter): string =>
  `maydan:session:${sessionId}:warnings:${writer}`;
const warnings = z.array(healthWarning).max(30);
/** Of a job that fell silent nothing is told any more. */
const lifetimeMs = 10_000;

/**
 * Warnings about a session of another job than the one that reports its health, which may run on another worker: written
 * by the one, told to the broadcaster by the other.
 */
export class SharedWarnings {
  readonly #redis: Redis;
  readonly #sessionId: string;
  readonly #log: Logger;

  constructor(redis: Redis, sessionId: string, log: Logger) {
    this.#redis = redis;
    this.#sessionId = sessionId;
    this.#log = log;
  }

  /** Holds for some seconds: write again while it lasts. Never rejects. */
  async write(writer: WarningWriter, list: readonly HealthWarning[]): Promise<void> {
    const key = keyOf(this.#sessionId, writer);
    try {
      if (list.length === 0) await this.#redis.del(key);
      else await this.#redis.set(key, JSON.stringify(list), 'PX', lifetimeMs);
    } catch (error) {
      this.#log.debug({ err: error }, 'warnings not shared');
    }
  }

  /** Of all writers. Empty while Redis is away. */
  async read(): Promise<readonly HealthWarning[]> {
    try {
      const texts = await this.#redis.mget(...writers.map((writer) => keyOf(this.#sessionId, writer)));
      return texts.flatMap((text) => (text === null ? [] : warnings.parse(JSON.parse(text))));
    } catch (error) {
      this.#log.debug({ err: error }, 'shared warnings not read');
      return [];
    }
  }
}
