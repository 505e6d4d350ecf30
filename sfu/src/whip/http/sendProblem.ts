import { STATUS_CODES } from 'node:http';
import { AppError, toAppError, toErrorBody, type Logger } from '@maydan/common';
import { errorTable } from '@maydan/contracts';
import type { ErrorRequestHandler } from 'express';
import { z } from 'zod';

/** Errors of Express and its body parser carry a status. */
const httpError = z.object({ status: z.int().min(400).max(499) });
/** What a refusal may say of itself. */
const waiting = z.object({ retryAfterSec: z.int().min(0) });
const defaultRetryAfterSec = 5;

/** 409 with when to come again: nobody publishes what is asked for (WHEP draft, section 4.2). */
export function nobodyPublishes(): AppError {
  return new AppError('wrong_state', 'Nobody is publishing in this session right now.', { retryAfterSec: 3 });
}

/**
 * The last handler of WHIP and WHEP. Every error leaves in our one shape, which has the members of a problem document
 * (RFC 9457) beside it, as RFC 9725, section 4.2, recommends.
 */
export function sendProblem(logger: Logger): ErrorRequestHandler {
  return (thrown: unknown, request, response, next) => {
    if (response.headersSent) return next(thrown);
    const error = toRequestError(thrown);
    const level = errorTable[error.code].logLevel;
    const cause = level === 'error' ? { err: error.cause ?? error } : {};
    logger[level](
      { method: request.method, code: error.code, status: error.status, ...cause },
      error.message,
    );
    if (error.status === 401) response.set('www-authenticate', 'Bearer');
    const wait = retryAfterSec(error);
    if (wait !== null) response.set('retry-after', String(wait));
    const problem = {
      type: 'about:blank',
      title: STATUS_CODES[error.status] ?? 'Error',
      status: error.status,
      detail: error.message,
    };
    response
      .status(error.status)
      .type('application/problem+json')
      .send(JSON.stringify({ ...problem, ...toErrorBody(error) }));
  };
}

function toRequestError(thrown: unknown): AppError {
  const known = httpError.safeParse(thrown);
  if (thrown instanceof AppError || !known.success) return toAppError(thrown);
  const codes = { 413: 'payload_too_large', 415: 'unsupported_media_type', 404: 'not_found' } as const;
  const { status } = known.data;
  const code = status === 413 || status === 415 || status === 404 ? codes[status] : 'bad_request';
  return new AppError(code, undefined, undefined, { cause: thrown });
}

/** Null where waiting doesn't help. */
function retryAfterSec(error: AppError): number | null {
  const said = waiting.safeParse(error.details);
  if (said.success) return said.data.retryAfterSec;
  return error.status === 503 || error.status === 429 ? defaultRetryAfterSec : null;
}
