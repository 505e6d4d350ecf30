import { jobs, type JobData, type JobName, type QueueName } from '@maydan/contracts';
import { Queue, Worker, type Job, type JobsOptions, type WorkerOptions } from 'bullmq';
import type { Logger } from './logger.ts';
import type { Redis } from './redis.ts';

/** Jobs that failed for good are kept so long, and so many of them, for admins to see why and to run them again. */
const failedKept = { age: 7 * 86_400, count: 1_000 };

/** Adds jobs of the catalogue; data is checked against the job's schema. */
export class JobProducer {
  readonly #queues = new Map<string, Queue>();
  readonly #connection: Redis;

  constructor(connection: Redis) {
    this.#connection = connection;
  }

  queue(name: JobName): Queue {
    return this.named(jobs[name].queue);
  }

  named(queueName: QueueName): Queue {
    const known = this.#queues.get(queueName);
    if (known !== undefined) return known;
    const queue = new Queue(queueName, { connection: this.#connection, prefix: 'maydan:queue' });
    // The connection tells of its trouble itself; without a listener BullMQ writes it to the console.
    queue.on('error', () => undefined);
    this.#queues.set(queueName, queue);
    return queue;
  }

  /**
   * Adding a job whose `jobId` is waiting or active changes nothing; one that failed makes room for the new one, unless its
   * adder says how long it is remembered.
   */
  async add<N extends JobName>(
    name: N,
    data: JobData<N>,
    options: JobsOptions & { jobId: string },
  ): Promise<void> {
    const queue = this.queue(name);
    if (options.removeOnFail === undefined && (await queue.getJobState(options.jobId)) === 'failed')
      await queue.remove(options.jobId);
    await queue.add(name, jobs[name].data.parse(data), {
      removeOnComplete: true,
      removeOnFail: failedKept,
      ...options,
    });
  }

  /** Whether nothing waits or runs under this id; it may have failed. */
  async isGone(name: JobName, jobId: string): Promise<boolean> {
    const state = await this.queue(name).getJobState(jobId);
    return state === 'unknown' || state === 'completed' || state === 'failed';
  }

  async close(): Promise<void> {
    await Promise.all([...this.#queues.values()].map((queue) => queue.close()));
  }
}

export interface JobContext {
  /** Aborted when the job's lock is lost: somebody else may have it now, so stop writing. */
  readonly signal: AbortSignal;
  readonly logger: Logger;
  readonly job: Job;
}

/** Runs one kind of job with data parsed from its schema. The caller closes the returned worker. */
export function runJobs<N extends JobName>(
  name: N,
  handler: (data: JobData<N>, context: JobContext) => Promise<void>,
  options: Omit<WorkerOptions, 'connection' | 'prefix'> & { connection: Redis; logger: Logger },
): Worker {
  const { logger, ...workerOptions } = options;
  const aborts = new Map<string, AbortController>();
  const worker = new Worker(
    jobs[name].queue,
    async (job: Job) => {
      const abort = new AbortController();
      aborts.set(job.id ?? '', abort);
      const data = jobs[name].data.parse(job.data) as JobData<N>;
      const child = logger.child({ jobId: job.id, job: name, requestId: data.requestId });
      try {
        await handler(data, { signal: abort.signal, logger: child, job });
      } finally {
        // A job whose lock was lost may run here again before its first run has ended.
        if (aborts.get(job.id ?? '') === abort) aborts.delete(job.id ?? '');
      }
    },
    { prefix: 'maydan:queue', ...workerOptions },
  );
  worker.on('error', (error) => logger.warn({ err: error, job: name }, 'queue trouble'));
  worker.on('lockRenewalFailed', (ids: string[]) => {
    for (const id of ids) aborts.get(id)?.abort(new Error('the lock of the job was lost'));
  });
  return worker;
}
