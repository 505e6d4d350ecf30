import { RoomWorker, type RoomWorkerOptions } from '../sfu/RoomWorker.ts';
import { CompositeSession } from './CompositeSession.ts';
import type { StageDeps } from './StageDeps.ts';

export interface CompositeWorkerOptions extends RoomWorkerOptions {
  readonly deps: StageDeps;
}

/** Runs the jobs `live.composite` of this process. A run that takes a job over publishes with a newer epoch. */
export class CompositeWorker extends RoomWorker<'live.composite', CompositeSession> {
  constructor({ deps, ...options }: CompositeWorkerOptions) {
    super('live.composite', (data, log) => new CompositeSession(deps, data, log), options);
  }
}
