import type { ApiClient } from '@maydan/contracts';

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
}

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

  constructor(options: ViewingOptions) {
    this.#options = options;
  }

  start(): void {
    void this.#beat();
  }

  stop(): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
    const token = this.#token;
    if (token === undefined) return;
    void this.#options
      .client()
      .then((client) => client.viewing.end({ token }))
      .catch(() => undefined);
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
    } catch {
      // The token may have expired: the next time begins anew.
      this.#token = undefined;
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
