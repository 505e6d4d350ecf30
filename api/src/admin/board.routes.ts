import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { createBullBoard } from '@bull-board/api';
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import { ExpressAdapter } from '@bull-board/express';
import { AppError, type JobProducer } from '@maydan/common';
import { queueName } from '@maydan/contracts';
import { Router, type RequestHandler } from 'express';
import type { BoardGuard } from './BoardGuard.ts';
import { redacted } from './redacted.ts';

/** Where browsers look at the queues. */
export const boardPath = '/api/queues';

const page = dirname(createRequire(import.meta.url).resolve('@bull-board/ui/package.json'));

/**
 * Bull Board, for admins with the cookie of `POST /admin/board`. It only shows: jobs are retried and removed by the REST API,
 * which writes down who did it. So another site could do nothing by it, even if browsers sent the cookie along.
 */
export function boardRoutes(guard: BoardGuard, jobs: JobProducer): Router {
  const adapter = new ExpressAdapter();
  adapter.setBasePath(boardPath);
  createBullBoard({
    queues: queueName.options.map((name) => new BullMQAdapter(jobs.named(name), { readOnlyMode: true })),
    serverAdapter: adapter,
    options: { uiBasePath: page, uiConfig: { boardTitle: 'Maydan' } },
  });
  const router = Router();
  router.use(boardPath, admitted(guard), readOnly, withoutSecrets, adapter.getRouter() as RequestHandler);
  return router;
}

const admitted =
  (guard: BoardGuard): RequestHandler =>
  async (request, response, next) => {
    response.setHeader('cache-control', 'no-store');
    await guard.check(request.get('cookie'));
    next();
  };

const readOnly: RequestHandler = ({ method }, response, next) => {
  if (method === 'GET' || method === 'HEAD') return next();
  response.setHeader('allow', 'GET, HEAD');
  next(new AppError('method_not_allowed'));
};

/** All that the board tells of jobs goes through here. */
const withoutSecrets: RequestHandler = (_request, response, next) => {
  const send = response.json.bind(response);
  response.json = (body: unknown) => send(redacted(body));
  next();
};
