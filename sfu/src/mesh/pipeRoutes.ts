import { AppError, verifyInternalToken } from '@maydan/common';
import { pipeInput, pipeOutput } from '@maydan/contracts';
import type { PipeInput, PipeOutput } from '@maydan/contracts';
import express, { Router } from 'express';

export interface PipeRoutesOptions {
  /** INTERNAL_SECRET. */
  readonly secret: string;
  /** @throws AppError */
  readonly open: (sessionId: string, input: PipeInput) => Promise<PipeOutput>;
  readonly close: (sessionId: string, pipeId: string) => void;
}

/** Where other nodes of the sfu ask for what is sent on this one, behind tokens that only our services can mint. */
export function pipeRoutes({ secret, open, close }: PipeRoutesOptions): Router {
  const router = Router();
  router.use('/internal/rooms', (request, _response, next) => {
    const [, token = ''] = /^Bearer (\S+)$/i.exec(request.get('authorization') ?? '') ?? [];
    if (verifyInternalToken(secret, token) !== 'sfu') throw new AppError('forbidden');
    next();
  });
  router.post(
    '/internal/rooms/:sessionId/pipes',
    express.json({ limit: '16kb' }),
    async (request, response) => {
      const answer = await open(request.params.sessionId, pipeInput.parse(request.body));
      response.status(201).set('cache-control', 'no-store').json(pipeOutput.parse(answer));
    },
  );
  router.delete('/internal/rooms/:sessionId/pipes/:pipeId', (request, response) => {
    close(request.params.sessionId, request.params.pipeId);
    response.status(204).end();
  });
  return router;
}
