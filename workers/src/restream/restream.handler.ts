import { RoomWorker, type RoomWorkerOptions } from '../sfu/RoomWorker.ts';
import { RestreamSession, type RestreamDeps } from './RestreamSession.ts';

export interface RestreamWorkerOptions extends RoomWorkerOptions {
  readonly deps: RestreamDeps;
}

/** Runs the jobs `live.restream` of this process. A run that takes a job over waits until the one before can't send any more. */
export class RestreamWorker extends RoomWorker<'live.restream', RestreamSession> {
  constructor({ deps, ...options }: RestreamWorkerOptions) {
    super('live.restream', (data, log) => new RestreamSession(deps, data, log), options);
  }
}
