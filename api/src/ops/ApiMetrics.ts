import { jobs, type JobName, type SessionState } from '@maydan/contracts';
import type { JobProducer } from '@maydan/common';
import type { RequestHandler } from 'express';
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { CheckOutcome } from '../chat/ChatCheck.ts';
import { routeOf } from '../http/contractRoutes.ts';
import { restPrefix } from '../http/rest.ts';

/** Where the figures come from when Prometheus asks. */
export interface MetricsSources {
  readonly countSessions: () => Promise<Map<SessionState, number>>;
  readonly factsLag: () => Promise<{ unread: number; pending: number }>;
  readonly countSockets: () => number;
  readonly reconciled: () => Promise<{ at: Date; problems: number; drifted: number } | null>;
  readonly jobs: JobProducer;
}

const jobNames = Object.keys(jobs) as JobName[];

/** The api's own figures, named `maydan_api_…`. */
export class ApiMetrics {
  readonly #registry: Registry;
  readonly #requests: Histogram;
  readonly #facts: Counter;
  readonly #factAge: Histogram;
  readonly #classified: Histogram;

  constructor(registry: Registry) {
    this.#registry = registry;
    const registers = [registry];
    this.#requests = new Histogram({
      name: 'maydan_api_request_duration_seconds',
      help: 'Requests by route of the contract',
      labelNames: ['method', 'route', 'status'],
      buckets: [0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
      registers,
    });
    this.#facts = new Counter({
      name: 'maydan_api_facts_total',
      help: 'Facts handled',
      labelNames: ['type'],
      registers,
    });
    this.#factAge = new Histogram({
      name: 'maydan_api_fact_age_seconds',
      help: 'From the moment of a fact to its handling',
      buckets: [0.01, 0.05, 0.1, 0.5, 1, 5, 30],
      registers,
    });
    this.#classified = new Histogram({
      name: 'maydan_api_chat_classifier_seconds',
      help: 'Texts that the classifier of chats was asked about, by what came of it',
      labelNames: ['outcome'],
      buckets: [0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.3],
      registers,
    });
  }

  observeRequests(): RequestHandler {
    return (request, response, next) => {
      const end = this.#requests.startTimer({ method: request.method });
      const { pathname } = new URL(request.originalUrl, 'http://localhost');
      response.once('finish', () => {
        const route = pathname.startsWith(`${restPrefix}/`)
          ? routeOf(request.method, pathname.slice(restPrefix.length))
          : 'other';
        end({ route, status: response.statusCode });
      });
      next();
    };
  }

  factHandled(type: string, at: string): void {
    this.#facts.inc({ type });
    this.#factAge.observe(Math.max(0, (Date.now() - Date.parse(at)) / 1000));
  }

  classified(outcome: CheckOutcome, seconds: number): void {
    this.#classified.observe({ outcome }, seconds);
  }

  /** Adds the figures that are asked for at each scrape. A source that fails leaves its figure out. */
  watch(sources: MetricsSources): void {
    this.#gauge('maydan_api_sessions', 'Sessions that have not ended, by state', ['state'], async (gauge) => {
      for (const [state, count] of await sources.countSessions()) gauge.set({ state }, count);
    });
    this.#gauge('maydan_api_facts_lag', 'Facts not handled yet', ['kind'], async (gauge) => {
      const { unread, pending } = await sources.factsLag();
      gauge.set({ kind: 'unread' }, unread);
      gauge.set({ kind: 'pending' }, pending);
    });
    this.#gauge('maydan_api_sockets', 'Socket.IO connections', [], (gauge) => {
      gauge.set(sources.countSockets());
    });
    this.#watchLedger(sources);
    this.#gauge('maydan_api_queue_jobs', 'Jobs by queue and state', ['queue', 'state'], async (gauge) => {
      for (const name of jobNames) {
        const counts = await sources.jobs.queue(name).getJobCounts('active', 'waiting', 'delayed', 'failed');
        const { queue } = jobs[name];
        for (const [state, count] of Object.entries(counts)) gauge.set({ queue, state }, count);
      }
    });
  }

  #watchLedger({ reconciled }: MetricsSources): void {
    const help =
      'What the last reconciliation found: rules of the books that do not hold, leaderboards that had drifted';
    this.#gauge('maydan_api_ledger_problems', help, ['of'], async (gauge) => {
      const last = await reconciled();
      if (last === null) return;
      gauge.set({ of: 'books' }, last.problems);
      gauge.set({ of: 'leaderboards' }, last.drifted);
    });
    const since = 'When the books were looked at last, in seconds since 1970';
    this.#gauge('maydan_api_ledger_reconciled_timestamp_seconds', since, [], async (gauge) => {
      const last = await reconciled();
      if (last !== null) gauge.set(last.at.getTime() / 1_000);
    });
  }

  #gauge<L extends string>(
    name: string,
    help: string,
    labelNames: L[],
    collect: (gauge: Gauge<L>) => Promise<void> | void,
  ): void {
    const gauge: Gauge<L> = new Gauge({
      name,
      help,
      labelNames,
      registers: [this.#registry],
      collect: async () => {
        gauge.reset();
        await withDeadline(collect(gauge)).catch(() => gauge.reset());
      },
    });
  }
}

const collectDeadlineMs = 1_000;

/** A scrape is answered also while Redis or PostgreSQL are away. */
async function withDeadline(work: Promise<void> | void): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('no figure in time')), collectDeadlineMs);
  });
  try {
    await Promise.race([work, deadline]);
  } finally {
    clearTimeout(timer);
  }
}
