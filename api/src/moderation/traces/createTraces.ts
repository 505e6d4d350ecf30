import type { Logger, Redis } from '@maydan/common';
import type { Database } from '@maydan/prisma';
import type { ApiConfig } from '../../config.ts';
import { ViewingTokens } from '../../viewing/ViewingTokens.ts';
import { SeenTraces } from './SeenTraces.ts';
import { Traces } from './Traces.ts';
import { TracesRepo } from './traces.repo.ts';

export interface TracesParts {
  readonly config: ApiConfig;
  readonly database: Database;
  readonly redis: Redis;
  readonly logger: Logger;
}

/** The parts that know from where people come, wired up. */
export function createTraces({ config, database, redis, logger }: TracesParts): Traces {
  const { ACCESS_TOKEN_SECRET: secret } = config;
  const tokens = new ViewingTokens(secret);
  return new Traces({
    ...{ repo: new TracesRepo(database), seen: new SeenTraces(redis), secret, logger },
    deviceOf: (token) => tokens.deviceOf(token),
  });
}
