import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { PasswordWork } from './argonThread.ts';

/**
 * Argon2 in a thread of its own, with lower priority than all else: neither the event loop nor libuv's threads, which
 * read files and look up names, wait for it. It begins with the first work. One work at a time is for the caller to see to.
 */
export class PasswordThread {
  #worker: Worker | undefined;

  /** As `hashPassword`. Rejects when the thread ended; the next work begins a new one. */
  async hash(password: string): Promise<string> {
    return String(await this.#run({ password }));
  }

  /** As `verifyPassword`; false, after the same work, when there is no hash to compare with. Rejects as `hash` does. */
  async verify(stored: string | null, password: string): Promise<boolean> {
    return (await this.#run({ password, stored })) === true;
  }

  async close(): Promise<void> {
    await this.#worker?.terminate();
  }

  async #run(work: PasswordWork): Promise<unknown> {
    const worker = (this.#worker ??= this.#start());
    const answered = Promise.withResolvers<unknown>();
    const ended = (): void => answered.reject(new Error('the thread that checks passwords ended'));
    const listeners = { message: answered.resolve, error: answered.reject, exit: ended };
    for (const [event, listener] of Object.entries(listeners)) worker.on(event, listener);
    worker.ref();
    worker.postMessage(work);
    try {
      return await answered.promise;
    } finally {
      worker.unref();
      for (const [event, listener] of Object.entries(listeners)) worker.off(event, listener);
    }
  }

  #start(): Worker {
    const worker = new Worker(join(import.meta.dirname, 'argonThread.ts'), { execArgv: ['--no-warnings'] });
    const isGone = (): void => {
      if (this.#worker === worker) this.#worker = undefined;
    };
    // What went wrong is told to who waits; without that nobody needs to know.
    worker.on('error', isGone);
    worker.on('exit', isGone);
    return worker;
  }
}
