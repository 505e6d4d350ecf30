import { availableParallelism } from 'node:os';
import { AppError } from '@maydan/common';
import { hashPassword, verifyNothing, verifyPassword } from '@maydan/prisma';

/** About five seconds of work: who would wait longer is told to come back. */
const maxWaiting = 200;
/** One core stays with the event loop, and one of libuv's four threads with files and names. */
const defaultRunning = Math.min(3, Math.max(1, availableParallelism() - 1));

/**
 * Argon2 for requests. It works on libuv's threads, so the event loop goes on; and only a few run at a time, so that many
 * logins leave processors and memory (19 MiB each) to everybody else. Each call rejects with `overloaded` when too many wait.
 */
export class Passwords {
  readonly #maxRunning: number;
  readonly #maxWaiting: number;
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(limits: { running?: number; waiting?: number } = {}) {
    this.#maxRunning = limits.running ?? defaultRunning;
    this.#maxWaiting = limits.waiting ?? maxWaiting;
  }

  hash(password: string): Promise<string> {
    return this.#bounded(() => hashPassword(password));
  }

  /** False, after the same work, when there is no hash to compare with. */
  verify(hash: string | null, password: string): Promise<boolean> {
    return this.#bounded(() => (hash === null ? verifyNothing(password) : verifyPassword(hash, password)));
  }

  async #bounded<T>(work: () => Promise<T>): Promise<T> {
    await this.#enter();
    try {
      return await work();
    } finally {
      this.#leave();
    }
  }

  async #enter(): Promise<void> {
    if (this.#running < this.#maxRunning) {
      this.#running += 1;
      return;
    }
    if (this.#waiting.length >= this.#maxWaiting) throw new AppError('overloaded');
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  /** The place goes to the one who waits longest. */
  #leave(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#running -= 1;
    else next();
  }
}
