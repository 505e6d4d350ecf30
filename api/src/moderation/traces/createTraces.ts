import type { Logger, Redis } from '@maydan/common';
import type { Database } from '@maydan/prisma';
import type { ApiConfig } from '../../config.ts';
import { ViewingTokens } from '../../viewing/ViewingTokens.ts';
import { GuestExpulsion, type GuestExpulsionDependencies } from './GuestExpulsion.ts';
import { GuestPlaces } from './GuestPlaces.ts';
import { SeenTraces } from './SeenTraces.ts';
import { Traces } from './Traces.ts';
import { TracesRepo } from './traces.repo.ts';

export interface TracesParts {
  readonly config: ApiConfig;
  readonly database: Database;
  readonly redis: Redis;
  readonly sfu: GuestExpulsionDependencies['sfu'];
  readonly emitter: GuestExpulsionDependencies['emitter'];
  readonly dismiss: GuestExpulsionDependencies['dismiss'];
  readonly logger: Logger;
}

/** The parts that know from where people come, wired up. */
export function createTraces(parts: TracesParts) {
  const { config, database, redis, sfu, emitter, dismiss, logger } = parts;
  const { ACCESS_TOKEN_SECRET: secret } = config;
  const tokens = new ViewingTokens(secret);
  const guestPlaces = new GuestPlaces(redis);
  return {
    guestPlaces,
    guests: new GuestExpulsion({ places: guestPlaces, emitter, sfu, dismiss }),
    traces: new Traces({
      ...{ repo: new TracesRepo(database), seen: new SeenTraces(redis), secret, logger },
      deviceOf: (token) => tokens.deviceOf(token),
    }),
  };
}
