import { RoomWorker, type RoomWorkerOptions } from '../sfu/RoomWorker.ts';
import type { ForwardDeps } from './ForwardDeps.ts';
import { ForwardSession } from './ForwardSession.ts';

export interface ForwardWorkerOptions extends RoomWorkerOptions {
  readonly deps: ForwardDeps;
}

/** Runs the jobs `live.forward` of this process. */
export class ForwardWorker extends RoomWorker<'live.forward', ForwardSession> {
  constructor({ deps, ...options }: ForwardWorkerOptions) {
    super('live.forward', (data, log) => new ForwardSession(deps, data, log), options);
  }
}
