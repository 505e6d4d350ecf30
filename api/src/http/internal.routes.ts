import { AppError, verifyInternalToken } from '@maydan/common';
import { ingestAuthorizeInput, ingestAuthorizeOutput } from '@maydan/contracts';
import { Router } from 'express';
import { bearerToken } from '../identity/AccessTokens.ts';
import type { PublishService } from '../sessions/publish.service.ts';

/** Questions of our own services, behind tokens that only they can mint. */
export function internalRoutes(publishes: PublishService, internalSecret: string): Router {
  const router = Router();
  router.post('/internal/ingest/authorize', async (request, response) => {
    const service = verifyInternalToken(internalSecret, bearerToken(request.get('authorization')));
    if (service !== 'ingest') throw new AppError('forbidden');
    const question = ingestAuthorizeInput.parse(request.body);
    const answer = await publishes.authorize(question);
    response.set('cache-control', 'no-store').json(ingestAuthorizeOutput.parse(answer));
  });
  return router;
}
