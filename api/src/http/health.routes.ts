import { runChecks, type HealthCheck, type HealthChecks } from '@maydan/common';
import { Router, type RequestHandler } from 'express';

/** The health routes on the public port: which part works, without the reason when one doesn't. */
export function healthRoutes(checks: HealthChecks): Router {
  const router = Router();
  router.get('/health', (_request, response) => {
    response.set('cache-control', 'no-store').json({ status: 'ok', service: 'api', checks: {} });
  });
  router.get('/health/ready', answer(checks.ready));
  router.get('/health/db', answer(checks.db));
  return router;
}

function answer(checks: Readonly<Record<string, HealthCheck>>): RequestHandler {
  return async (_request, response) => {
    const report = await runChecks('api', checks);
    const results = Object.entries(report.checks).map(
      ([name, result]) => [name, result === 'ok' ? 'ok' : 'failing'] as const,
    );
    response
      .status(report.status === 'ok' ? 200 : 503)
      .set('cache-control', 'no-store')
      .json({ ...report, checks: Object.fromEntries(results) });
  };
}
