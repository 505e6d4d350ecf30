import { AppError, verifyInternalToken } from '@maydan/common';
import {
  ingestAuthorizeInput,
  ingestAuthorizeOutput,
  restreamWantedInput,
  restreamWantedOutput,
  stageAuthorizeInput,
  whipAuthorizeInput,
  whipAuthorizeOutput,
} from '@maydan/contracts';
import { Router } from 'express';
import type { z } from 'zod';
import { bearerToken } from '../identity/AccessTokens.ts';
import type { RestreamService } from '../restream/restream.service.ts';
import type { PublishService } from '../sessions/publish.service.ts';

interface Question<I extends z.ZodType, O extends z.ZodType> {
  /** The one service that may ask. */
  readonly service: 'ingest' | 'workers' | 'sfu';
  readonly input: I;
  readonly output: O;
  readonly answer: (input: z.infer<I>) => Promise<z.infer<O>>;
}

/** Questions of our own services, behind tokens that only they can mint. */
export function internalRoutes(
  publishes: PublishService,
  restream: RestreamService,
  internalSecret: string,
): Router {
  const router = Router();
  function answer<I extends z.ZodType, O extends z.ZodType>(path: string, question: Question<I, O>): void {
    router.post(path, async (request, response) => {
      const service = verifyInternalToken(internalSecret, bearerToken(request.get('authorization')));
      if (service !== question.service) throw new AppError('forbidden');
      const given = await question.answer(question.input.parse(request.body));
      response.set('cache-control', 'no-store').json(question.output.parse(given));
    });
  }
  answer('/internal/ingest/authorize', {
    service: 'ingest',
    input: ingestAuthorizeInput,
    output: ingestAuthorizeOutput,
    answer: (question) => publishes.authorizeRtmp(question),
  });
  answer('/internal/whip/authorize', {
    service: 'sfu',
    input: whipAuthorizeInput,
    output: whipAuthorizeOutput,
    answer: (question) => publishes.authorizeWhip(question),
  });
  answer('/internal/stage/authorize', {
    service: 'workers',
    input: stageAuthorizeInput,
    output: ingestAuthorizeOutput,
    answer: (question) => publishes.authorizeStage(question),
  });
  answer('/internal/restream/targets', {
    service: 'workers',
    input: restreamWantedInput,
    output: restreamWantedOutput,
    answer: async ({ sessionId }) => ({ targets: await restream.wanted(sessionId) }),
  });
  return router;
}
