import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

/** What can be read when the metrics are asked for. */
export interface Gauges {
  readonly publishers: () => number;
  readonly connections: () => number;
  readonly relayConsumers: () => number;
}

export type Metrics = ReturnType<typeof createMetrics>;

/** Ingest's figures, `maydan_ingest_…`. */
export function createMetrics(registry: Registry) {
  const registers = [registry];
  const counter = (name: string, help: string, labelNames: string[] = []): Counter =>
    new Counter({ name: `maydan_ingest_${name}`, help, labelNames, registers });
  return {
    receivedBytes: counter('received_bytes_total', 'Bytes received over RTMP and RTMPS.'),
    relayedBytes: counter('relayed_bytes_total', 'Bytes given to consumers of the relay.'),
    published: counter('published_total', 'Publishes that were accepted.'),
    refused: counter('refused_total', 'Connections and publishes that were refused.', ['reason']),
    closed: counter('closed_total', 'Connections that ended.', ['reason']),
    relayDropped: counter('relay_dropped_total', 'Consumers of the relay dropped for being too slow.'),
    authorizeSeconds: new Histogram({
      name: 'maydan_ingest_authorize_seconds',
      help: 'Time a publish was held until the api had answered.',
      buckets: [0.01, 0.03, 0.1, 0.3, 1, 3, 6],
      registers,
    }),
  };
}

/** Figures read from their owners at each scrape. */
export function registerGauges(registry: Registry, gauges: Gauges): void {
  const gauge = (name: string, help: string, read: () => number): void => {
    const collected: Gauge = new Gauge({
      name: `maydan_ingest_${name}`,
      help,
      registers: [registry],
      collect: () => collected.set(read()),
    });
  };
  gauge('publishers', 'Publishes that are running.', gauges.publishers);
  gauge('connections', 'Open RTMP and RTMPS connections.', gauges.connections);
  gauge('relay_consumers', 'Consumers of the relay.', gauges.relayConsumers);
}
