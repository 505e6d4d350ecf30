import type { FactWriter, Logger, Redis } from '@maydan/common';
import { restreamStatusKey, type RestreamReport, type RestreamStatus } from '@maydan/contracts';

/** A report that is no longer repeated is of a worker that is gone. */
const lifetimeMs = 20_000;
const refreshMs = 5_000;
/** What became of a target stays to be read after the session. */
const keptMs = 24 * 3_600_000;
/** While bytes flow, each so many refreshes are told, too. */
const toldEach = 2;

export interface StatusBoardOptions {
  readonly redis: Redis;
  readonly facts: FactWriter;
  readonly sessionId: string;
  readonly targetId: string;
  readonly version: number;
  /** False while another run says how the target goes. */
  readonly mayTell: () => boolean;
  readonly log: Logger;
}

/** Says how one target goes: in Redis, with a fact when that changes. */
export class StatusBoard {
  readonly #options: StatusBoardOptions;
  readonly #timer: NodeJS.Timeout;
  #read: (() => RestreamStatus) | null = null;
  #writing = Promise.resolve();
  #ticks = 0;

  constructor(options: StatusBoardOptions) {
    this.#options = options;
    this.#timer = setInterval(() => this.#refresh(), refreshMs);
  }

  /** Another state; `read` gives it as it is then, and later. */
  tell(read: () => RestreamStatus): void {
    this.#read = read;
    this.#write(read(), lifetimeMs, true);
  }

  /** `kept`: why it failed can be read for a day. `gone`: nothing is said any more. `left`: another run goes on. */
  async close(how: 'kept' | 'gone' | 'left'): Promise<void> {
    clearInterval(this.#timer);
    if (how === 'kept' && this.#read !== null) this.#write(this.#read(), keptMs, false);
    if (how === 'gone') this.#remove();
    await this.#writing;
  }

  #refresh(): void {
    if (this.#read === null) return;
    const status = this.#read();
    this.#ticks += 1;
    this.#write(status, lifetimeMs, status.state === 'live' && this.#ticks % toldEach === 0);
  }

  #write(status: RestreamStatus, ttlMs: number, isNews: boolean): void {
    const { redis, sessionId, targetId, version } = this.#options;
    const report: RestreamReport = { ...status, sessionId, version };
    this.#do(async () => {
      await redis.set(restreamStatusKey(targetId), JSON.stringify(report), 'PX', ttlMs);
      if (isNews) this.#announce();
    });
  }

  #remove(): void {
    this.#do(async () => {
      await this.#options.redis.del(restreamStatusKey(this.#options.targetId));
      this.#announce();
    });
  }

  #announce(): void {
    const { facts, sessionId, targetId } = this.#options;
    facts.append({ type: 'restream.changed', sessionId, targetId, at: new Date().toISOString() });
  }

  /** In order. What fails is said again at the next refresh. */
  #do(work: () => Promise<void>): void {
    const { mayTell, log } = this.#options;
    const doIt = async (): Promise<void> => (mayTell() ? work() : undefined);
    this.#writing = this.#writing.then(doIt).catch((error: unknown) => {
      log.debug({ err: error }, 'state of a restream target not written');
    });
  }
}
