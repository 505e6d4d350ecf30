import { AppError } from '@maydan/common';
import { Router, raw, urlencoded, type Request } from 'express';
import { z } from 'zod';
import type { DepositsService } from '../deposits.service.ts';
import { testPage } from './testPage.ts';
import { testSignatureHeader, type TestProvider } from './TestProvider.ts';

const maxBody = '256kb';
const outcome = z.object({ outcome: z.enum(['pay', 'fail']) });

/** What providers tell, with the bytes as they were signed; and the page of the test provider, where it is the provider. */
export function paymentsRoutes(deposits: DepositsService, test: TestProvider | null): Router {
  const router = Router();
  router.post(
    '/webhooks/payments/:provider',
    raw({ type: () => true, limit: maxBody }),
    async (request, response) => {
      const body: unknown = request.body;
      if (!Buffer.isBuffer(body)) throw new AppError('bad_request');
      await deposits.receive(request.params.provider, body, (name) => request.get(name));
      response.set('cache-control', 'no-store').json({});
    },
  );
  if (test !== null) addTestPage(router, deposits, test);
  return router;
}

function addTestPage(router: Router, deposits: DepositsService, test: TestProvider): void {
  const path = '/payments/test/:id/:token';
  router.get(path, async (request, response) => {
    const deposit = await deposits.find(allowedId(request, test));
    response.set('cache-control', 'no-store').type('html').send(testPage(deposit));
  });
  router.post(path, urlencoded({ extended: false, limit: '1kb' }), async (request, response) => {
    const { id, amountMinor, currency } = await deposits.find(allowedId(request, test));
    const { outcome: wish } = outcome.parse(request.body);
    const paid = { kind: 'paid', depositId: id, paymentId: `test-${id}`, amountMinor, currency };
    const body = Buffer.from(JSON.stringify(wish === 'pay' ? paid : { kind: 'failed', depositId: id }));
    const signature = test.sign(body);
    // The way of every provider's messages.
    await deposits.receive('test', body, (name) => (name === testSignatureHeader ? signature : undefined));
    response.redirect(303, request.originalUrl);
  });
}

/** Throws `not_found`. */
function allowedId(request: Request<{ id: string; token: string }>, test: TestProvider): string {
  const { id, token } = request.params;
  if (!z.uuid().safeParse(id).success || !test.isToken(id, token)) throw new AppError('not_found');
  return id;
}
