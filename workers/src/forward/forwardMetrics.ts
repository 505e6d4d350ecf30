import { Gauge, type Registry } from 'prom-client';
import type { ForwardWorker } from './forward.handler.ts';

/** The figures of the forwards for Prometheus, read at each scrape. */
export function registerForwardMetrics(registry: Registry, forward: ForwardWorker): void {
  const gauge = (name: string, help: string, read: () => number): void => {
    const collect = function (this: Gauge): void {
      this.set(read());
    };
    registry.registerMetric(new Gauge({ name: `maydan_workers_${name}`, help, registers: [], collect }));
  };
  const count = (what: (session: ForwardWorker['sessions'][number]) => boolean): number =>
    forward.sessions.filter(what).length;
  gauge('forwards', 'RTMP sources that this worker brings into rooms.', () => forward.sessions.length);
  gauge('forwards_in_room', 'Of these, those that are in their room at present.', () =>
    count(({ isInRoom }) => isInRoom),
  );
  gauge('forward_transcodes', 'Of these, those whose picture is encoded anew at present.', () =>
    count(({ isTranscoding }) => isTranscoding),
  );
}
