import type { JobProducer } from '@maydan/common';
import type { JobName } from '@maydan/contracts';
import { Counter, Gauge, type Registry } from 'prom-client';
import type { Admission } from './live/Admission.ts';
import type { LiveSessions } from './live/LiveSessions.ts';
import type { Spool } from './recording/Spool.ts';

export interface WorkerMetricsSources {
  readonly sessions: LiveSessions;
  readonly admission: Admission;
  readonly spool: Spool;
  readonly jobs: JobProducer;
}

/** One job name per queue: what tells a queue's depth. */
const queues: readonly JobName[] = [
  'live.transcode',
  'live.forward',
  'live.composite',
  'live.restream',
  'vod.images',
];
/** Redis being away must not hold a scrape. */
const countTimeoutMs = 1_000;

/** The figures of the workers for Prometheus (the origin has its own). Read at each scrape. */
export function registerWorkerMetrics(
  registry: Registry,
  sources: WorkerMetricsSources,
): { jobFailed: (name: JobName) => void } {
  const { sessions, admission, spool, jobs } = sources;
  const gauge = (name: string, help: string, read: () => number): void => {
    const collect = function (this: Gauge): void {
      this.set(read());
    };
    registry.registerMetric(new Gauge({ name: `maydan_workers_${name}`, help, registers: [], collect }));
  };
  const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
  gauge('live_sessions', 'Live sessions that run here.', () => sessions.all.length);
  gauge(
    'encoder_cores_used',
    'Cores that the running ladders are expected to take.',
    () => admission.usedCores,
  );
  gauge('encoder_cores_budget', 'Cores that ladders may take.', () => admission.budgetCores);
  gauge('upload_lag_bytes', 'Bytes of recordings that are complete but not stored.', () =>
    sum(sessions.all.map(({ uploadLagBytes }) => uploadLagBytes)),
  );
  gauge('upload_lag_seconds', 'How long the oldest file that is not stored has been waiting.', () =>
    Math.max(0, ...sessions.all.map(({ uploadLagMs }) => uploadLagMs / 1_000)),
  );
  gauge('spool_bytes', 'Bytes of the spool on disk.', () => spool.usedBytes);
  gauge('spool_memory_bytes', 'Bytes kept in memory because the disk took none.', () => spool.stashBytes);
  registerLadderSpeed(registry, sessions);
  registerQueueDepth(registry, jobs);
  const failures = new Counter({
    name: 'maydan_workers_job_failures_total',
    help: 'Runs of jobs that ended with an error.',
    labelNames: ['job'],
    registers: [registry],
  });
  return { jobFailed: (name) => failures.inc({ job: name }) };
}

function registerLadderSpeed(registry: Registry, sessions: LiveSessions): void {
  new Gauge({
    name: 'maydan_workers_ladder_speed',
    help: 'Encoded media time per second of wall clock, by session; 1 keeps up.',
    registers: [registry],
    labelNames: ['session'],
    collect() {
      this.reset();
      for (const { sessionId, encoderSpeed } of sessions.all) {
        if (encoderSpeed !== null) this.set({ session: sessionId }, encoderSpeed);
      }
    },
  });
}

function registerQueueDepth(registry: Registry, jobs: JobProducer): void {
  new Gauge({
    name: 'maydan_workers_queue_jobs',
    help: 'Jobs of a queue by state.',
    labelNames: ['queue', 'state'],
    registers: [registry],
    async collect() {
      await Promise.all(
        queues.map(async (name) => {
          const queue = jobs.queue(name);
          const counts = await withTimeout(queue.getJobCounts('waiting', 'active', 'delayed'));
          for (const [state, count] of Object.entries(counts)) this.set({ queue: queue.name, state }, count);
        }),
      );
    },
  });
}

/** Nothing, rather than an error, when there is no answer in time. */
async function withTimeout(counts: Promise<Record<string, number>>): Promise<Record<string, number>> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<Record<string, number>>((resolve) => {
    timer = setTimeout(() => resolve({}), countTimeoutMs);
  });
  const answer = await Promise.race([counts.catch(() => ({})), timeout]);
  clearTimeout(timer);
  return answer;
}
