import { AppError, toAppError, toErrorBody } from '@maydan/common';
import type { Logger } from '@maydan/common';
import { errorTable } from '@maydan/contracts';
import cors from 'cors';
import express from 'express';
import type { ErrorRequestHandler, Express, Router } from 'express';
import type { SfuConfig } from './config.ts';
import type { Rooms } from './rooms/Rooms.ts';

/** What the routes of other protocols are made from. */
export interface SfuContext {
  readonly config: SfuConfig;
  readonly rooms: Rooms;
  readonly logger: Logger;
  readonly nodeId: string;
}

/**
 * What the sfu answers over HTTP, beside Socket.IO. Pages of any origin may ask: everything needs a token, which
 * travels in a header and never in a cookie.
 */
export function createSfuApp(
  routers: readonly Router[],
  { config, logger }: Pick<SfuContext, 'config' | 'logger'>,
): Express {
  const app = express();
  // Refused stream keys are counted by address, which behind a proxy only the proxy knows.
  app.set('trust proxy', config.TRUST_PROXY);
  app.disable('x-powered-by');
  app.use(
    cors({
      origin: '*',
      methods: ['GET', 'HEAD', 'POST', 'PATCH', 'DELETE'],
      allowedHeaders: ['authorization', 'content-type', 'if-match', 'x-request-id'],
      exposedHeaders: ['location', 'etag', 'link', 'retry-after', 'accept-post', 'accept-patch'],
      maxAge: 600,
      // A route may have more to say to OPTIONS (RFC 9725 4.2).
      preflightContinue: true,
    }),
  );
  app.use(...routers, express.Router());
  app.options(/.*/, (_request, response) => void response.status(204).end());
  app.use((_request, _response, next) => next(new AppError('not_found')));
  app.use(sendError(logger));
  return app;
}

/** The last handler: every error leaves in the one shape. */
function sendError(logger: Logger): ErrorRequestHandler {
  return (thrown: unknown, request, response, next) => {
    if (response.headersSent) return next(thrown);
    const error = toAppError(thrown);
    const { logLevel } = errorTable[error.code];
    const cause = logLevel === 'error' ? { err: error.cause ?? error } : {};
    logger[logLevel]({ code: error.code, path: request.path, ...cause }, error.message);
    response.status(error.status).set('cache-control', 'no-store').json(toErrorBody(error));
  };
}
