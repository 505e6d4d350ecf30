import { Gauge, type Registry } from 'prom-client';
import type { RestreamWorker } from './restream.handler.ts';

/** The figures of restreams for Prometheus, read at each scrape. */
export function registerRestreamMetrics(registry: Registry, restream: RestreamWorker): void {
  const targets = new Gauge({
    name: 'maydan_workers_restream_targets',
    help: 'Targets that this worker sends sessions to, by state.',
    labelNames: ['state'],
    registers: [],
    collect(): void {
      const sum = (figures: readonly number[]): number =>
        figures.reduce((total, figure) => total + figure, 0);
      const live = sum(restream.sessions.map(({ liveCount }) => liveCount));
      this.set({ state: 'live' }, live);
      this.set({ state: 'other' }, sum(restream.sessions.map(({ targetCount }) => targetCount)) - live);
    },
  });
  registry.registerMetric(targets);
}
