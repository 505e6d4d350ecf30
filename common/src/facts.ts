import { fact, factStream, type Fact } from '@maydan/contracts';
import type { Logger } from './logger.ts';
import type { Redis } from './redis.ts';

const maxWaiting = 10_000;
/** Facts are consumed within moments; the bound only keeps a forgotten stream from filling the memory. */
const streamLength = 100_000;

/** Appends facts to the stream in order. While Redis is away they wait here, so that none is lost. */
export class FactWriter {
  readonly #redis: Redis;
  readonly #logger: Logger;
  readonly #waiting: Fact[] = [];
  #sending: Promise<void> | undefined;
  #closed = false;

  constructor(redis: Redis, logger: Logger) {
    this.#redis = redis;
    this.#logger = logger;
  }

  /** Queues a fact; resolves at once. Health reports are dropped first when the queue is full. */
  append(value: Fact): void {
    this.#waiting.push(fact.parse(value));
    if (this.#waiting.length > maxWaiting) {
      const index = this.#waiting.findIndex((waiting) => waiting.type === 'live.health');
      this.#waiting.splice(Math.max(index, 0), 1);
    }
    this.#sending ??= this.#send();
  }

  /** Waits until everything queued was sent, at most `timeoutMs`. */
  async flush(timeoutMs = 5_000): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<void>((resolve) => (timer = setTimeout(resolve, timeoutMs)));
    await Promise.race([this.#sending, timeout]);
    clearTimeout(timer);
  }

  async close(): Promise<void> {
    await this.flush();
    this.#closed = true;
  }

  async #send(): Promise<void> {
    while (this.#waiting.length > 0 && !this.#closed) {
      const next = this.#waiting[0];
      try {
        await this.#redis.xadd(factStream, 'MAXLEN', '~', streamLength, '*', 'fact', JSON.stringify(next));
        this.#waiting.shift();
      } catch (error) {
        this.#logger.warn({ err: error, waiting: this.#waiting.length }, 'fact not sent yet');
        await new Promise((resolve) => setTimeout(resolve, 250));
      }
    }
    this.#sending = undefined;
  }
}
