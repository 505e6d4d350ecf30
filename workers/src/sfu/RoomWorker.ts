import { runJobs, type JobContext, type Logger, type Redis } from '@maydan/common';
import type { JobData, JobName } from '@maydan/contracts';
import { WaitingError, type Worker } from 'bullmq';

/** As for live sessions: a worker that died is noticed within about 9 s. */
const lockDurationMs = 6_000;
const stalledIntervalMs = 3_000;

/** `left`: the process is going or the job was lost; the session isn't over. */
export type RunOutcome = 'ended' | 'left';

/** One run of a job that lasts as long as its session. */
export interface RoomRun {
  readonly finished: Promise<RunOutcome>;
  /** Stops in order and leaves the session to another run. */
  leave(): void;
}

/** Begins a run. Whoever gets the job next takes over what it has in the room. */
type Begin<N extends JobName, R extends RoomRun> = (data: JobData<N>, log: Logger) => R;

export interface RoomWorkerOptions {
  /** For BullMQ: a connection whose commands wait for ever. */
  readonly connection: Redis;
  /** Rooms that are watched over at a time; how much is encoded is decided by admission. */
  readonly concurrency: number;
  readonly log: Logger;
}

/** Runs the jobs of one kind that send to or receive from rooms of the sfu, in this process. */
export class RoomWorker<N extends JobName, R extends RoomRun> {
  readonly #begin: Begin<N, R>;
  readonly #worker: Worker;
  readonly #sessions = new Set<R>();
  #isLeaving = false;

  constructor(name: N, begin: Begin<N, R>, { connection, concurrency, log }: RoomWorkerOptions) {
    this.#begin = begin;
    this.#worker = runJobs(name, (data, context) => this.#handle(data, context), {
      connection,
      logger: log,
      concurrency,
      lockDuration: lockDurationMs,
      stalledInterval: stalledIntervalMs,
      maxStalledCount: 1_000_000,
    });
  }

  get sessions(): readonly R[] {
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

  async #handle(data: JobData<N>, { signal, logger, job }: JobContext): Promise<void> {
    const session = this.#begin(data, logger);
    this.#sessions.add(session);
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
