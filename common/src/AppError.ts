import { errorTable, type ErrorBody, type ErrorCode } from '@maydan/contracts';
import { ZodError } from 'zod';

/** An expected failure: its code is in the error table, its message and details may be shown to the client. */
export class AppError extends Error {
  readonly code: ErrorCode;
  readonly details: unknown;

  constructor(code: ErrorCode, message?: string, details?: unknown, options?: { cause?: unknown }) {
    super(message ?? errorTable[code].message, options);
    this.name = 'AppError';
    this.code = code;
    this.details = details;
  }

  get status(): number {
    return errorTable[this.code].status;
  }
}

/** Any thrown value as an AppError; what nobody expected is `internal` and says nothing to the client. */
export function toAppError(error: unknown): AppError {
  if (error instanceof AppError) return error;
  if (error instanceof ZodError) {
    const details = error.issues.map((issue) => ({ path: issue.path.join('.'), message: issue.message }));
    return new AppError('validation_failed', undefined, details, { cause: error });
  }
  return new AppError('internal', undefined, undefined, { cause: error });
}

/** The one error shape, ready to be sent with `error.status`. */
export function toErrorBody(error: AppError, requestId?: string): ErrorBody {
  const details = error.details === undefined ? {} : { details: error.details };
  const request = requestId === undefined ? {} : { requestId };
  return { error: { code: error.code, message: error.message, ...details, ...request } };
}
