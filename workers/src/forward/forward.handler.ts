import { runJobs, type JobContext, type Logger, type Redis } from '@maydan/common';
import type { JobData } from '@maydan/contracts';
import { WaitingError, type Worker } from 'bullmq';
import type { ForwardDeps } from './ForwardDeps.ts';
import { ForwardSession } from './ForwardSession.ts';

/** As for live sessions: a worker that died is noticed within about 9 s. */
const lockDurationMs = 6_000;
const stalledIntervalMs = 3_000;

export interface ForwardWorkerOptions {
  readonly deps: ForwardDeps;
  /** For BullMQ: a connection whose commands wait for ever. */
  readonly connection: Redis;
  readonly concurrency: number;
  readonly log: Logger;
}

/** Runs the jobs `live.forward` of this process. */
export class ForwardWorker {
  readonly #deps: ForwardDeps;
  readonly #worker: Worker;
  readonly #sessions = new Set<ForwardSession>();
  #isLeaving = false;

  constructor({ deps, connection, concurrency, log }: ForwardWorkerOptions) {
    this.#deps = deps;
    this.#worker = runJobs('live.forward', (data, context) => this.#handle(data, context), {
      connection,
      logger: log,
      concurrency,
      lockDuration: lockDurationMs,
      stalledInterval: stalledIntervalMs,
      maxStalledCount: 1_000_000,
    });
  }

  get sessions(): readonly ForwardSession[] {
    return [...this.#sessions];
  }

  /** Called for each run of a job that ended with an error. */
  onFailed(listener: () => void): void {
    this.#worker.on('failed', listener);
  }

  /** Gives every session back to the queue and stops taking jobs. */
  async close(): Promise<void> {
    this.#isLeaving = true;
    const closed = this.#worker.close();
    for (const session of this.#sessions) session.leave();
    await closed;
  }

  async #handle(data: JobData<'live.forward'>, { signal, logger, job }: JobContext): Promise<void> {
    const session = new ForwardSession(this.#deps, data, logger);
    this.#sessions.add(session);
    // Whoever gets the job next takes the peer of this run over.
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
