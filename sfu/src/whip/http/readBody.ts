import { AppError } from '@maydan/common';
import express, { type Request, type RequestHandler } from 'express';

/** Browsers' offers have about 10 kB. */
const limit = '64kb';

/** Reads a body of one media type as text; a body of another is `unsupported_media_type` (415). */
export function readBody(mediaType: string): RequestHandler[] {
  const check: RequestHandler = (request, _response, next) => {
    const given = request.get('content-type')?.split(';')[0]?.trim().toLowerCase();
    if (given === mediaType) return next();
    next(new AppError('unsupported_media_type', `The body must be ${mediaType}.`));
  };
  return [check, express.text({ type: () => true, limit, defaultCharset: 'utf-8' })];
}

/** What `readBody` has read. @throws AppError `bad_request` for an empty body. */
export function bodyOf(request: Request): string {
  const body: unknown = request.body;
  if (typeof body !== 'string' || body === '') throw new AppError('bad_request', 'The body is empty.');
  return body;
}
