import type { IncomingMessage } from 'node:http';
import { AppError, type HealthChecks, type Logger } from '@maydan/common';
import type { AnyRouter } from '@orpc/server';
import express, { type Express, type RequestHandler, type Router } from 'express';
import { pinoHttp } from 'pino-http';
import type { ApiConfig } from '../config.ts';
import type { ApiMetrics } from '../ops/ApiMetrics.ts';
import type { RestreamService } from '../restream/restream.service.ts';
import type { PublishService } from '../sessions/publish.service.ts';
import { directUploads } from '../media/media.routes.ts';
import type { MediaService } from '../media/media.service.ts';
import type { SignInsService } from '../identity/signIns.service.ts';
import { storageRoutes } from '../storage/storage.routes.ts';
import { storagePrefix, type MediaStore } from '../storage/MediaStore.ts';
import type { SfuDirectory } from '../stage/SfuDirectory.ts';
import { bodyDeadline } from './bodyDeadline.ts';
import { refuseMethod } from './contractRoutes.ts';
import { docsRoutes, openApiDocument } from './docs.routes.ts';
import { notFound, sendError } from './errors.ts';
import { healthRoutes } from './health.routes.ts';
import { internalRoutes } from './internal.routes.ts';
import { chooseRequestId } from './requestId.ts';
import { restHandler, restPrefix } from './rest.ts';
import { crossOrigin, securityHeaders } from './security.ts';
import { webApp } from './webApp.ts';

const maxBody = '64kb';
/** An icon or animation of gifts in base64. */
const maxAssetBody = '400kb';

export interface AppDependencies {
  readonly config: ApiConfig;
  readonly logger: Logger;
  readonly router: AnyRouter;
  readonly publishes: PublishService;
  readonly restream: RestreamService;
  readonly directory: SfuDirectory;
  readonly media: { readonly service: MediaService; readonly store: MediaStore; readonly pictures: Router };
  /** Webhooks of payment providers. */
  readonly payments: Router;
  /** Icons and animations of gifts. */
  readonly giftAssets: Router;
  /** The queues, for admins. */
  readonly board: Router;
  readonly signIns: SignInsService;
  readonly checks: HealthChecks;
  readonly metrics: ApiMetrics;
}

/** Everything the api answers over HTTP. */
export async function createApp(dependencies: AppDependencies): Promise<Express> {
  const { config, logger, router, publishes, restream, directory, media, payments } = dependencies;
  const { giftAssets, board } = dependencies;
  const { signIns, checks, metrics } = dependencies;
  const app = express();
  app.set('trust proxy', config.TRUST_PROXY);
  app.use(bodyDeadline, requestLog(logger), metrics.observeRequests(), securityHeaders(config, directory));
  app.use(healthRoutes(checks));
  app.use(['/api', storagePrefix], crossOrigin(config));
  app.use(storageRoutes(media.store), directUploads(media.service, signIns), media.pictures);
  app.use(payments, giftAssets);
  app.use(board);
  app.use(docsRoutes(await openApiDocument(router)));
  app.use(['/api', '/internal'], jsonOnly);
  app.use(`${restPrefix}/admin/gifts/assets`, express.json({ limit: maxAssetBody }));
  app.use(['/api', '/internal'], express.json({ limit: maxBody }));
  app.use(internalRoutes(publishes, restream, config.INTERNAL_SECRET));
  app.use(restPrefix, restHandler(router, config, directory), refuseMethod);
  app.use(['/api', '/internal'], notFound);
  app.use(webApp(config.WEB_ROOT));
  app.use(notFound, sendError);
  return app;
}

/** One line per request, with its id; health checks and static files only at `debug`. */
function requestLog(logger: Logger): RequestHandler {
  return pinoHttp({
    logger,
    genReqId: (request, response) => {
      const id = chooseRequestId(request.headers['x-request-id']);
      response.setHeader('x-request-id', id);
      return id;
    },
    quietReqLogger: true,
    customAttributeKeys: { reqId: 'requestId' },
    customLogLevel: (request, response, error) => {
      if (response.statusCode >= 500 || error !== undefined) return 'error';
      return /^\/(api\/v1|internal)\//.test(originalUrl(request)) ? 'info' : 'debug';
    },
    serializers: {
      req: (request: { method: string; url: string; remoteAddress: string }) => ({
        method: request.method,
        path: request.url.split('?')[0],
        remoteAddress: request.remoteAddress,
      }),
      res: (response: { statusCode: number }) => ({ status: response.statusCode }),
    },
  });
}

/** Within a router, Express shortens `url`. */
function originalUrl(request: IncomingMessage): string {
  return 'originalUrl' in request ? String(request.originalUrl) : (request.url ?? '');
}

/** A body must be JSON: what a form of another site could send is not even parsed. */
const jsonOnly: RequestHandler = (request, _response, next) => {
  const length = request.headers['content-length'];
  const hasBody =
    request.headers['transfer-encoding'] !== undefined || (length !== undefined && length !== '0');
  if (hasBody && request.is('application/json') === false)
    return next(new AppError('unsupported_media_type'));
  next();
};
