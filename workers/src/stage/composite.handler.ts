import { runJobs, type JobContext, type Logger, type Redis } from '@maydan/common';
import type { JobData } from '@maydan/contracts';
import { WaitingError, type Worker } from 'bullmq';
import { CompositeSession } from './CompositeSession.ts';
import type { StageDeps } from './StageDeps.ts';

/** As for live sessions: a worker that died is noticed within about 9 s. */
const lockDurationMs = 6_000;
const stalledIntervalMs = 3_000;

export interface CompositeWorkerOptions {
  readonly deps: StageDeps;
  /** For BullMQ: a connection whose commands wait for ever. */
  readonly connection: Redis;
  /** Rooms that are watched over at a time; how many are composed is decided by admission. */
  readonly concurrency: number;
  readonly log: Logger;
}

/** Runs the jobs `live.composite` of this process. */
export class CompositeWorker {
  readonly #deps: StageDeps;
  readonly #worker: Worker;
  readonly #sessions = new Set<CompositeSession>();
  #isLeaving = false;

  constructor({ deps, connection, concurrency, log }: CompositeWorkerOptions) {
    this.#deps = deps;
    this.#worker = runJobs('live.composite', (data, context) => this.#handle(data, context), {
      connection,
      logger: log,
      concurrency,
      lockDuration: lockDurationMs,
      stalledInterval: stalledIntervalMs,
      maxStalledCount: 1_000_000,
    });
  }

  get sessions(): readonly CompositeSession[] {
    return [...this.#sessions];
  }

  /** Called for each run of a job that ended with an error. */
  onFailed(listener: () => void): void {
    this.#worker.on('failed', listener);
  }

  /** Gives every stage back to the queue and stops taking jobs. */
  async close(): Promise<void> {
    this.#isLeaving = true;
    const closed = this.#worker.close();
    for (const session of this.#sessions) session.leave();
    await closed;
  }

  async #handle(data: JobData<'live.composite'>, { signal, logger, job }: JobContext): Promise<void> {
    const session = new CompositeSession(this.#deps, data, logger);
    this.#sessions.add(session);
    // Whoever gets the job next takes our peer over, and its publish has a newer epoch.
    signal.addEventListener('abort', () => session.leave(), { once: true });
    if (this.#isLeaving) session.leave();
    try {
      if ((await session.finished) === 'ended' || signal.aborted) return;
    } finally {
      this.#sessions.delete(session);
    }
    await job.moveToWait(job.token);
    throw new WaitingError();
  }
}
