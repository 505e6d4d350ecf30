import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { OriginMetrics } from './OriginMetrics.ts';

/** The origin's figures for Prometheus, registered in `registry`. */
export function promOriginMetrics(registry: Registry): OriginMetrics {
  const registers = [registry];
  const blocked = new Gauge({
    name: 'maydan_origin_blocked_requests',
    help: 'Requests held until a part or segment exists.',
    registers,
  });
  const answers = new Counter({
    name: 'maydan_origin_answers_total',
    help: 'Answers by kind of resource and status.',
    labelNames: ['kind', 'status'],
    registers,
  });
  const bytes = new Counter({
    name: 'maydan_origin_body_bytes_total',
    help: 'Bytes of bodies handed to connections, by kind of resource.',
    labelNames: ['kind'],
    registers,
  });
  const latency = new Histogram({
    name: 'maydan_origin_part_latency_seconds',
    help: 'From the last sample of a part on the encoder clock until the part was offered.',
    buckets: [0.1, 0.2, 0.3, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10],
    registers,
  });
  const children = new Map<string, { inc(): void }>();
  const answersOf = (kind: string, status: number) => {
    const key = `${kind} ${status}`;
    const known = children.get(key);
    if (known) return known;
    const child = answers.labels(kind, String(status));
    children.set(key, child);
    return child;
  };
  return {
    blocked: (change) => blocked.inc(change),
    answered(kind, status, bodyBytes) {
      answersOf(kind, status).inc();
      bytes.labels(kind).inc(bodyBytes);
    },
    partOffered: (latencySec) => latency.observe(latencySec),
  };
}
