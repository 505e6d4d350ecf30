import { GuessLimiter } from '@maydan/common';
import { Router } from 'express';
import type { SfuContext } from '../createSfuApp.ts';
import { whepRouter } from './http/whepRouter.ts';
import { whipRouter } from './http/whipRouter.ts';
import { Resources } from './Resources.ts';
import { WhipAuthorizer } from './WhipAuthorizer.ts';
import type { WhipDependencies } from './WhipDependencies.ts';

/** Stream keys that one address may have refused in a minute. */
const refusalsPerMinute = 10;

/** WHIP and WHEP of a node. Its clients end with their rooms. */
export function createWhip({ config, rooms, logger }: SfuContext): Router {
  const deps: WhipDependencies = {
    rooms,
    authorizer: new WhipAuthorizer({
      apiUrl: config.API_INTERNAL_URL,
      internalSecret: config.INTERNAL_SECRET,
      logger,
    }),
    guesses: new GuessLimiter(refusalsPerMinute),
    internalSecret: config.INTERNAL_SECRET,
    publicUrl: config.SFU_PUBLIC_URL ?? null,
    graceMs: config.SFU_PEER_GRACE_MS,
    logger,
  };
  const router = Router();
  router.use(whipRouter(deps, new Resources()), whepRouter(deps, new Resources()));
  return router;
}
