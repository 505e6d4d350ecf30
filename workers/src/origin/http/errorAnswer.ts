import { randomUUID } from 'node:crypto';
import { toErrorBody, type AppError } from '@maydan/common';
import { PreparedAnswer, type Header } from './PreparedAnswer.ts';

const REQUEST_ID = /^[\w-]{1,64}$/;

/** How long caches may keep an error: something missing may be there a second later. */
const errorCaching = (status: number): string => (status === 404 ? 'public, max-age=1' : 'no-store');

/** The one error shape as an answer. `requestId` is the client's or a gateway's own, if it is one. */
export function errorAnswer(
  error: AppError,
  requestId: unknown,
  extraHeaders: readonly Header[] = [],
): PreparedAnswer {
  const id = typeof requestId === 'string' && REQUEST_ID.test(requestId) ? requestId : randomUUID();
  const retry: Header[] = error.status === 503 ? [['Retry-After', '1']] : [];
  return new PreparedAnswer({
    kind: 'error',
    status: error.status,
    body: Buffer.from(JSON.stringify(toErrorBody(error, id))),
    headers: [
      ['Content-Type', 'application/json; charset=utf-8'],
      ['Cache-Control', errorCaching(error.status)],
      ...retry,
      ...extraHeaders,
    ],
  });
}
