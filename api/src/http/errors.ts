import { AppError, toAppError, toErrorBody, type Logger } from '@maydan/common';
import { errorTable } from '@maydan/contracts';
import { isNulRefused, isOverload } from '@maydan/prisma';
import { ORPCError, ValidationError } from '@orpc/server';
import type { ErrorRequestHandler, RequestHandler } from 'express';
import { z } from 'zod';
import { requestIdOf } from './requestId.ts';

/** Errors of Express and its body parser carry a status, and the latter a type. */
const httpError = z.object({ status: z.int().min(400).max(499), type: z.string().optional() });
const inputIssues = z.array(
  z.object({ message: z.string(), path: z.array(z.union([z.string(), z.number()])).optional() }),
);

/** Any error of a request as one of the table. */
export function toRequestError(error: unknown): AppError {
  if (isProcedureError(error)) return fromProcedure(error);
  if (isOverload(error)) return new AppError('overloaded', undefined, undefined, { cause: error });
  if (isNulRefused(error))
    return new AppError('validation_failed', 'A text has U+0000 in it.', undefined, { cause: error });
  const known = httpError.safeParse(error);
  if (error instanceof AppError || !known.success) return toAppError(error);
  const { status, type } = known.data;
  const cause = { cause: error };
  if (status === 413) return new AppError('payload_too_large', undefined, undefined, cause);
  if (status === 415) return new AppError('unsupported_media_type', undefined, undefined, cause);
  if (status === 404) return new AppError('not_found', undefined, undefined, cause);
  const message = type === 'entity.parse.failed' ? 'The body is not valid JSON.' : undefined;
  return new AppError('bad_request', message, undefined, cause);
}

function isProcedureError(error: unknown): error is ORPCError<string, unknown> {
  return error instanceof ORPCError;
}

/** oRPC's own errors: input or output that doesn't fit its schema, or a request that it can't decode. */
function fromProcedure(error: ORPCError<string, unknown>): AppError {
  const { cause } = error;
  if (error.status >= 500) return new AppError('internal', undefined, undefined, { cause: cause ?? error });
  if (!(cause instanceof ValidationError))
    return new AppError('bad_request', undefined, undefined, { cause: error });
  const issues = inputIssues.safeParse(cause.issues).data ?? [];
  const details = issues.map(({ path, message }) => ({ path: (path ?? []).join('.'), message }));
  return new AppError('validation_failed', undefined, details, { cause: error });
}

/** Logs at the table's level; only what nobody expected carries its stack. */
export function logRequestError(logger: Logger, error: AppError): void {
  const level = errorTable[error.code].logLevel;
  const cause = level === 'error' ? { err: error.cause ?? error } : {};
  logger[level]({ code: error.code, status: error.status, ...cause }, error.message);
}

/** For a client that is told to wait. */
export function retryAfter(error: AppError): string | undefined {
  const details = z.object({ retryAfterSec: z.number() }).safeParse(error.details);
  return details.success ? String(details.data.retryAfterSec) : undefined;
}

/** Nothing of ours answered. */
export const notFound: RequestHandler = (_request, _response, next) => next(new AppError('not_found'));

/** The last handler: every error leaves in the one shape. */
export const sendError: ErrorRequestHandler = (thrown: unknown, request, response, next) => {
  if (response.headersSent) return next(thrown);
  const error = toRequestError(thrown);
  logRequestError(request.log, error);
  const wait = retryAfter(error);
  if (wait !== undefined) response.setHeader('retry-after', wait);
  response
    .status(error.status)
    .set('cache-control', 'no-store')
    .json(toErrorBody(error, requestIdOf(request)));
};
