import { Counter, Gauge } from 'prom-client';
import type { Registry } from 'prom-client';
import type { WorkerPool } from './WorkerPool.ts';

/** Prometheus figures of the Workers, read when they are asked for. */
export function registerMetrics(registry: Registry, pool: WorkerPool): void {
  const registers = [registry];
  new Gauge({
    name: 'maydan_sfu_workers',
    help: 'mediasoup Workers that are alive',
    registers,
    collect() {
      this.set(pool.workers.length);
    },
  });
  let counted = 0;
  new Counter({
    name: 'maydan_sfu_worker_deaths_total',
    help: 'mediasoup Workers that died',
    registers,
    collect() {
      this.inc(pool.deaths - counted);
      counted = pool.deaths;
    },
  });
  new Gauge({
    name: 'maydan_sfu_worker_cpu_seconds',
    help: 'CPU time of a mediasoup Worker since its start',
    labelNames: ['worker_pid'],
    registers,
    async collect() {
      this.reset();
      for (const worker of pool.workers) {
        // A Worker that dies while it is asked has no figures.
        const usage = await worker.getResourceUsage().catch(() => null);
        if (usage === null) continue;
        this.set({ worker_pid: worker.pid }, (usage.ru_utime + usage.ru_stime) / 1_000);
      }
    },
  });
}
