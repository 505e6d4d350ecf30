import { AppError } from '@maydan/common';
import { Router, type Request } from 'express';
import { z } from 'zod';
import type { SignedInProcedures } from '../http/context.ts';
import { requestIdOf } from '../http/requestId.ts';
import type { SignInsService } from '../identity/signIns.service.ts';
import type { MediaService } from './media.service.ts';

export function mediaRoutes(media: MediaService, signedIn: SignedInProcedures) {
  const { media: mine } = signedIn;
  return {
    create: mine.create.handler(({ input, context }) => media.create(context.user, input)),
    complete: mine.complete.handler(({ input, context }) =>
      media.complete(context.user, input.id, context.requestId),
    ),
    list: mine.list.handler(({ input, context }) => media.list(context.user, input)),
    get: mine.get.handler(({ input, context }) => media.get(context.user, input.id)),
    remove: mine.remove.handler(async ({ input, context }) => {
      await media.remove(context.user, input.id);
      return {};
    }),
  };
}

/** The upload of an announced file to us: beside the contract, as its body is passed on as it comes. */
export function directUploads(media: MediaService, signIns: SignInsService): Router {
  const router = Router();
  router.put('/api/v1/media/:id/content', async (request, response) => {
    try {
      const { user, signInId } = await signIns.authenticate(request.get('authorization'));
      // Its token may have expired meanwhile.
      const requireStill = () => signIns.current(user.id, signInId);
      const id = z.uuid().safeParse(request.params.id);
      if (!id.success) throw new AppError('not_found');
      const view = await media.receive(user, id.data, { ...announced(request), body: request, requireStill });
      response.set('cache-control', 'no-store').json(view);
    } finally {
      // Whoever is refused may still be sending.
      if (!request.complete && !response.headersSent) response.setHeader('connection', 'close');
    }
  });
  return router;
}

/** Throws `validation_failed` without a length. */
function announced(request: Request): { type: string; byteLength: number; requestId: string } {
  const length = z.coerce.number().int().min(1).safeParse(request.get('content-length'));
  if (!length.success) {
    throw new AppError('validation_failed', undefined, [{ path: 'content-length', message: 'is missing' }]);
  }
  const type = (request.get('content-type') ?? '').trim().toLowerCase();
  return { type, byteLength: length.data, requestId: requestIdOf(request) };
}
