import { type JobContext, runJobs } from '@maydan/common';
import type { Logger, Redis } from '@maydan/common';
import type { JobData } from '@maydan/contracts';
import { DelayedError, WaitingError, type Job, type Worker } from 'bullmq';
import { giveUpSession } from './endSession.ts';
import type { LiveDeps } from './LiveDeps.ts';
import type { LiveSession, RunOutcome } from './LiveSession.ts';
import { LiveSessions } from './LiveSessions.ts';

/**
 * A worker that died is noticed when its lock has run out and a stalled check has passed: within about 9 s. The lock
 * only schedules; which run counts is said by the fence.
 */
const lockDurationMs = 6_000;
const stalledIntervalMs = 3_000;
/** Jobs taken at a time; how many of them run is decided by admission. */
const concurrency = 200;
const capacityRetryMs = 1_000;
const troubleRetryMs = 2_000;
/** A session whose run breaks again and again is given up. */
const mostTroubles = 30;

export interface LiveWorkerOptions {
  readonly deps: LiveDeps;
  /** For BullMQ: a connection whose commands wait for ever. */
  readonly connection: Redis;
  readonly log: Logger;
}

/** Runs the jobs `live.transcode` of this process. */
export class LiveWorker {
  readonly sessions: LiveSessions;
  readonly #deps: LiveDeps;
  readonly #worker: Worker;
  readonly #troubles = new Map<string, number>();

  constructor({ deps, connection, log }: LiveWorkerOptions) {
    this.#deps = deps;
    this.sessions = new LiveSessions(deps);
    this.#worker = runJobs('live.transcode', (data, context) => this.#handle(data, context), {
      connection,
      logger: log,
      concurrency,
      lockDuration: lockDurationMs,
      stalledInterval: stalledIntervalMs,
      // A session may see many deploys and crashes; a broken one is given up by `mostTroubles`.
      maxStalledCount: 1_000_000,
    });
  }

  /** Called for each run of a job that ended with an error. */
  onFailed(listener: () => void): void {
    this.#worker.on('failed', listener);
  }

  /** Gives every session back to the queue, in order, and stops taking jobs. */
  async close(): Promise<void> {
    const closed = this.#worker.close();
    this.sessions.handOver();
    await closed;
  }

  async #handle(data: JobData<'live.transcode'>, { signal, logger, job }: JobContext): Promise<void> {
    const session = await this.#take(data, logger, job);
    const outcome = await this.#attend(session, data, signal, logger, job);
    this.#troubles.delete(data.sessionId);
    if (outcome === 'ended') return;
    // Superseded while the job is ours: whoever superseded the run has given the job up since.
    if (outcome === 'superseded') await putOff(job, troubleRetryMs);
    await job.moveToWait(job.token);
    throw new WaitingError();
  }

  async #take(data: JobData<'live.transcode'>, log: Logger, job: Job): Promise<LiveSession> {
    const session = await this.sessions
      .take(data, log)
      .catch((error: unknown) => this.#trouble(data, log, job, error));
    if (session !== null) return session;
    this.#tellWaiting(data.sessionId, new Date(job.timestamp).toISOString());
    return putOff(job, capacityRetryMs);
  }

  /**
   * Waits for the end of a run. When the job's lock is lost the run goes on as long as its fence holds: the job comes
   * back to the queue, and whoever gets it either finds the run here or supersedes it.
   */
  async #attend(
    session: LiveSession,
    data: JobData<'live.transcode'>,
    signal: AbortSignal,
    log: Logger,
    job: Job,
  ): Promise<RunOutcome> {
    const lost = new Promise<never>((_, reject) => {
      signal.addEventListener('abort', () => reject(new LockLostError()), { once: true });
    });
    try {
      return await Promise.race([session.finished, lost]);
    } catch (error) {
      if (error instanceof LockLostError) throw error;
      return this.#trouble(data, log, job, error);
    }
  }

  /** A run broke: the next one may do better, but not for ever. */
  async #trouble(
    { sessionId, playbackId }: JobData<'live.transcode'>,
    log: Logger,
    job: Job,
    error: unknown,
  ): Promise<never> {
    const times = (this.#troubles.get(sessionId) ?? 0) + 1;
    this.#troubles.set(sessionId, times);
    log.error({ err: error, sessionId, times }, 'the run of a live session broke');
    if (times < mostTroubles) return putOff(job, troubleRetryMs);
    this.#troubles.delete(sessionId);
    await giveUpSession(this.#deps, { sessionId, playbackId }, log);
    throw error;
  }

  #tellWaiting(sessionId: string, since: string): void {
    const at = new Date().toISOString();
    const { usedCores, budgetCores } = this.#deps.admission;
    const message = `The stream waits for processor cores: ${usedCores.toFixed(1)} of ${budgetCores.toFixed(1)} are taken.`;
    this.#deps.facts.append({
      type: 'live.health',
      sessionId,
      at,
      health: {
        at,
        video: null,
        audio: null,
        frames: null,
        inputBitrateBps: 0,
        encoderSpeed: null,
        renditions: [],
        uploadLagBytes: 0,
        warnings: [{ code: 'waitingForCapacity', owner: 'internal', message, since }],
      },
    });
  }
}

class LockLostError extends Error {
  constructor() {
    super('the lock of the job was lost; the run goes on by its fence');
    this.name = 'LockLostError';
  }
}

/** Gives the job back for a while; any worker may take it then. */
async function putOff(job: Job, delayMs: number): Promise<never> {
  await job.moveToDelayed(Date.now() + delayMs, job.token);
  throw new DelayedError();
}
