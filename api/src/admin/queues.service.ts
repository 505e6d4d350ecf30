import { AppError, type JobProducer, type Logger, type Redis } from '@maydan/common';
import {
  queueName,
  jobsIn,
  type FailedJob,
  type FailedJobPage,
  type JobCounts,
  type QueueList,
  type QueueName,
  type QueueState,
} from '@maydan/contracts';
import type { User } from '@maydan/prisma';
import type { Job, Queue } from 'bullmq';
import { actorOf } from '../audit/audit.repo.ts';
import { requireRole } from '../identity/requireRole.ts';
import type { PageInput } from '../people/listed.ts';
import type { ActsRepo } from './acts.repo.ts';
import { decodeFailed, encodeFailed, type FailedPosition } from './failedCursor.ts';
import { redacted, redactedText } from './redacted.ts';

const longestTrace = 4_000;

export interface QueuesDependencies {
  readonly jobs: JobProducer;
  readonly redis: Redis;
  readonly acts: ActsRepo;
  readonly logger: Logger;
}

interface WhichJob {
  readonly queue: QueueName;
  readonly id: string;
}

/** The queues, and jobs that failed for good, for admins (feature M6). */
export class QueuesService {
  readonly #deps: QueuesDependencies;

  constructor(dependencies: QueuesDependencies) {
    this.#deps = dependencies;
  }

  /** Throws `forbidden`. */
  async list(admin: User): Promise<QueueList> {
    requireRole(admin, 'admin');
    return { items: await this.states() };
  }

  /** Of all queues. */
  states(): Promise<QueueState[]> {
    return Promise.all(
      queueName.options.map(async (queue) => ({
        queue,
        jobs: [...jobsIn(queue)],
        counts: await this.#countsOf(queue),
        waitingSince: await this.#waitingSince(queue),
      })),
    );
  }

  /** By when it was made: one that runs again waits since then. */
  async #waitingSince(queue: QueueName): Promise<string | null> {
    const [oldest] = await this.#deps.jobs.named(queue).getJobs(['waiting'], 0, 0, true);
    return oldest === undefined ? null : new Date(oldest.timestamp).toISOString();
  }

  /** The newest first; those that fail meanwhile shift no page. Throws `forbidden`. */
  async failed(
    admin: User,
    { queue: name, ...input }: PageInput & { queue: QueueName },
  ): Promise<FailedJobPage> {
    requireRole(admin, 'admin');
    const queue = this.#deps.jobs.named(name);
    const start = input.cursor === undefined ? 0 : await this.#behind(queue, decodeFailed(input.cursor));
    const found = await queue.getJobs(['failed'], start, start + input.limit);
    const page = found.slice(0, input.limit).map(view);
    const last = found.at(input.limit - 1);
    const isMore = found.length > input.limit && last !== undefined;
    return { items: page, nextCursor: isMore ? encodeFailed([failedAtMs(last), last.id ?? '']) : null };
  }

  /** Throws `forbidden`, `not_found`, and `conflict` when it has not failed, or no more. */
  async retry(admin: User, which: WhichJob): Promise<void> {
    const job = await this.#find(admin, which);
    await this.#act(admin, 'job.retried', job, () => runAgain(job));
    this.#deps.logger.info({ ...which, adminId: admin.id }, 'a failed job runs again');
  }

  /** All that have failed by now. What somebody else deals with meanwhile is passed over. Throws `forbidden`. */
  async retryAll(admin: User, queue: QueueName): Promise<{ retried: number }> {
    requireRole(admin, 'admin');
    const failed = await this.#deps.jobs.named(queue).getJobs(['failed']);
    if (failed.length === 0) return { retried: 0 };
    const target = { kind: 'queue', id: queue } as const;
    const details = { failed: failed.length };
    await this.#deps.acts.audited({ actor: actorOf(admin), action: 'queue.retried', target, details });
    let retried = 0;
    for (const job of failed) if (await isRetried(job)) retried += 1;
    this.#deps.logger.info({ queue, retried, adminId: admin.id }, 'failed jobs run again');
    return { retried };
  }

  /** Throws as `retry` does. */
  async remove(admin: User, which: WhichJob): Promise<void> {
    const job = await this.#find(admin, which);
    await this.#act(admin, 'job.removed', job, () => job.remove());
    this.#deps.logger.info({ ...which, adminId: admin.id }, 'a failed job was removed');
  }

  async #find(admin: User, { queue, id }: WhichJob): Promise<Job> {
    requireRole(admin, 'admin');
    const job: Job | undefined = await this.#deps.jobs.named(queue).getJob(id);
    if (job === undefined) throw new AppError('not_found');
    if (!(await job.isFailed())) throw hasNotFailed();
    return job;
  }

  /** Somebody else may have been faster. */
  async #act(
    admin: User,
    action: 'job.retried' | 'job.removed',
    job: Job,
    work: () => Promise<unknown>,
  ): Promise<void> {
    const target = { kind: 'job', id: job.id ?? '' } as const;
    const details = { queue: job.queueName, name: job.name };
    try {
      await this.#deps.acts.audited({ actor: actorOf(admin), action, target, details }, work);
    } catch (error) {
      if (await job.isFailed()) throw error;
      throw hasNotFailed();
    }
  }

  async #countsOf(queue: QueueName): Promise<JobCounts> {
    const counts = await this.#deps.jobs.named(queue).getJobCounts('waiting', 'active', 'delayed', 'failed');
    const of = (state: keyof JobCounts): number => counts[state] ?? 0;
    return { waiting: of('waiting'), active: of('active'), delayed: of('delayed'), failed: of('failed') };
  }

  /** How many come before what follows a job: by its place, or, when it is gone, by when it failed. */
  async #behind(queue: Queue, [failedMs, id]: FailedPosition): Promise<number> {
    const key = queue.toKey('failed');
    const rank = await this.#deps.redis.zrevrank(key, id);
    return rank === null ? this.#deps.redis.zcount(key, `(${failedMs}`, '+inf') : rank + 1;
  }
}

const failedAtMs = (job: Job): number => job.finishedOn ?? job.timestamp;

/** Of all these queues together. */
export function totalsOf(queues: readonly Pick<QueueState, 'counts'>[]): JobCounts {
  const sum = (state: keyof JobCounts): number =>
    queues.reduce((total, { counts }) => total + counts[state], 0);
  return { waiting: sum('waiting'), active: sum('active'), delayed: sum('delayed'), failed: sum('failed') };
}

const runAgain = (job: Job): Promise<void> => job.retry('failed', { resetAttemptsMade: true });
const hasNotFailed = (): AppError =>
  new AppError('conflict', 'The job has not failed, or somebody dealt with it.');

/** False: somebody else was faster. */
async function isRetried(job: Job): Promise<boolean> {
  try {
    await runAgain(job);
    return true;
  } catch (error) {
    if (await job.isFailed()) throw error;
    return false;
  }
}

function view(job: Job): FailedJob {
  const trace = job.stacktrace?.at(-1);
  return {
    id: job.id ?? '',
    name: job.name,
    data: redacted(job.data),
    reason: redactedText(job.failedReason),
    trace: trace === undefined ? null : redactedText(trace).slice(0, longestTrace),
    attempts: job.attemptsMade,
    createdAt: new Date(job.timestamp).toISOString(),
    failedAt: new Date(failedAtMs(job)).toISOString(),
  };
}
