import type { ApiClient } from '@maydan/contracts';
import { problemOf } from './problem.ts';

/** What keeps the token of a device without a sign-in; a browser that refuses storage just forgets. */
export interface DeviceMemory {
  read(): string | undefined;
  write(token: string): void;
}

export interface ViewingOptions {
  readonly sessionId: string;
  /** With the access token of who is signed in, where somebody is. */
  readonly client: () => Promise<ApiClient>;
  readonly memory: DeviceMemory;
  /** Says that this player ends, in a way that outlives the page. */
  readonly leave: (viewingToken: string) => void;
}

/** At first soon: the viewer is counted 20 seconds after what was heard last, and time goes on. */
const firstRetryMs = 1_500;
const retryMs = 5_000;
/** So late a heartbeat may be, at most: the api waits five seconds. */
const lateMs = 1_000;

/** Tells the api that somebody watches a session, from `start` to `stop`. What fails is tried again: watching doesn't depend on it. */
export class Viewing {
  readonly #options: ViewingOptions;
  #token: string | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #intervalMs = retryMs;
  /** Of the last heartbeat. */
  #atMs = 0;
  #isBeating = false;
  #isOver = false;
  #failures = 0;

  constructor(options: ViewingOptions) {
    this.#options = options;
  }

  start(): void {
    void this.#beat();
  }

  stop(): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
    if (this.#token !== undefined) this.#options.leave(this.#token);
  }

  /** The picture moves. Timers of a tab that isn't seen may come once a minute, which is too late for a heartbeat. */
  moved(nowMs: number): void {
    if (this.#isBeating || this.#isOver || nowMs - this.#atMs < this.#intervalMs + lateMs) return;
    clearTimeout(this.#timer);
    void this.#beat();
  }

  async #beat(): Promise<void> {
    let nextMs = retryMs;
    this.#isBeating = true;
    this.#atMs = performance.now();
    try {
      const client = await this.#options.client();
      nextMs = this.#token === undefined ? await this.#begin(client) : await this.#goOn(client, this.#token);
      this.#failures = 0;
    } catch (error) {
      // It may have expired: the next time begins anew. Who can't be reached, or has no Redis, is told again.
      if (!problemOf(error).retry) this.#token = undefined;
      if (this.#failures++ === 0) nextMs = firstRetryMs;
    }
    this.#isBeating = false;
    if (!this.#isOver) this.#timer = setTimeout(() => void this.#beat(), nextMs);
  }

  async #begin(client: ApiClient): Promise<number> {
    const { sessionId: id, memory } = this.#options;
    const deviceToken = memory.read();
    const started = await client.viewing.start({ id, ...(deviceToken === undefined ? {} : { deviceToken }) });
    memory.write(started.deviceToken);
    this.#token = started.viewingToken;
    this.#intervalMs = started.intervalSec * 1_000;
    // Whoever left meanwhile isn't there.
    if (this.#isOver) this.stop();
    return this.#intervalMs;
  }

  async #goOn(client: ApiClient, token: string): Promise<number> {
    await client.viewing.heartbeat({ token });
    return this.#intervalMs;
  }
}
