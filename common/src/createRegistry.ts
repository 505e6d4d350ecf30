import { performance, type EventLoopUtilization } from 'node:perf_hooks';
import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';

/** No timer of prom-client's delay histogram fires within it: the one of 10 ms that it begins with is half of what an idle process costs. */
const neverMs = 2 ** 31 - 1;
const delayFigures = ['min', 'max', 'mean', 'stddev', 'p50', 'p90', 'p99'];

/** A registry with the process's own figures; services add theirs, named `maydan_<service>_…`. */
export function createRegistry(service: string): Registry {
  const registry = new Registry();
  registry.setDefaultLabels({ service });
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: neverMs });
  for (const figure of delayFigures) registry.removeSingleMetric(`nodejs_eventloop_lag_${figure}_seconds`);
  addUtilization(registry);
  return registry;
}

/** How busy the event loop is, which needs no timer. */
function addUtilization(registry: Registry): void {
  let before: EventLoopUtilization = performance.eventLoopUtilization();
  new Gauge({
    name: 'nodejs_eventloop_utilization_ratio',
    help: 'Share of the time since the last scrape in which the event loop was busy, 0 to 1.',
    registers: [registry],
    collect() {
      const now = performance.eventLoopUtilization();
      this.set(performance.eventLoopUtilization(now, before).utilization);
      before = now;
    },
  });
}
