import { Gauge, type Registry } from 'prom-client';
import type { CompositeWorker } from './composite.handler.ts';
import type { CompositeSession } from './CompositeSession.ts';

/** The figures of composed stages for Prometheus, read at each scrape. */
export function registerStageMetrics(registry: Registry, stages: CompositeWorker): void {
  const gauge = (
    name: string,
    help: string,
    read: (sessions: readonly CompositeSession[]) => number,
  ): void => {
    const collect = function (this: Gauge): void {
      this.set(read(stages.sessions));
    };
    registry.registerMetric(new Gauge({ name: `maydan_workers_${name}`, help, registers: [], collect }));
  };
  const sum = (
    sessions: readonly CompositeSession[],
    figure: (engine: NonNullable<CompositeSession['publish']>['engine']) => number,
  ): number =>
    sessions.reduce((total, { publish }) => total + (publish === null ? 0 : figure(publish.engine)), 0);
  gauge('stage_rooms', 'Rooms that this worker watches over.', ({ length }) => length);
  gauge('stages', 'Stages that are published from here at present.', (sessions) => sum(sessions, () => 1));
  gauge('stages_passed', "Of these, those whose picture is the lone sender's own.", (sessions) =>
    sum(sessions, ({ picture }) => Number(picture?.mode === 'passed')),
  );
  gauge('stage_skipped_pictures', 'Pictures of running stages that were not made in time.', (sessions) =>
    sum(sessions, ({ picture }) => picture?.skipped ?? 0),
  );
  gauge('stage_late_pictures', 'Pictures of people that came after a later one.', (sessions) =>
    sum(sessions, ({ picture }) => picture?.late ?? 0),
  );
}
