import { availableParallelism } from 'node:os';
import { AppError } from '@maydan/common';
import { PasswordThread } from '@maydan/prisma';

/** About five seconds of work: who would wait longer is told to come back. */
const maxWaiting = 200;
/** One core stays with the event loop. */
const defaultRunning = Math.min(3, Math.max(1, availableParallelism() - 1));

/**
 * Argon2 for requests. It works in threads of its own that give way to the event loop, and only in a few, so that many
 * logins leave processors and memory (19 MiB each) to everybody else. Each call rejects with `overloaded` when too many wait.
 * Threads begin with the first works; whoever makes this closes it.
 */
export class Passwords {
  readonly #threads: readonly PasswordThread[];
  readonly #idle: PasswordThread[];
  readonly #maxWaiting: number;
  readonly #waiting: ((thread: PasswordThread) => void)[] = [];

  constructor(limits: { running?: number; waiting?: number } = {}) {
    const running = limits.running ?? defaultRunning;
    this.#threads = Array.from({ length: running }, () => new PasswordThread());
    this.#idle = [...this.#threads];
    this.#maxWaiting = limits.waiting ?? maxWaiting;
  }

  hash(password: string): Promise<string> {
    return this.#bounded((thread) => thread.hash(password));
  }

  /** False, after the same work, when there is no hash to compare with. */
  verify(hash: string | null, password: string): Promise<boolean> {
    return this.#bounded((thread) => thread.verify(hash, password));
  }

  /** Ends the threads; what is at hand rejects. */
  async close(): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.close()));
  }

  async #bounded<T>(work: (thread: PasswordThread) => Promise<T>): Promise<T> {
    const thread = await this.#enter();
    try {
      return await work(thread);
    } finally {
      this.#leave(thread);
    }
  }

  /** Of the idle threads the one that worked last: the others need not begin. */
  async #enter(): Promise<PasswordThread> {
    const idle = this.#idle.pop();
    if (idle !== undefined) return idle;
    if (this.#waiting.length >= this.#maxWaiting) throw new AppError('overloaded');
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** The place goes to the one who waits longest. */
  #leave(thread: PasswordThread): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#idle.push(thread);
    else next(thread);
  }
}
