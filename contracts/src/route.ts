import { oc } from '@orpc/contract';
import { z } from 'zod';

/** A route of the public REST API, to which its input and output are added; its path is relative to `/api/v1`. */
export const route = (
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
  path: `/${string}`,
  tag: string,
  summary: string,
  status = 200,
) => oc.route({ method, path, tags: [tag], summary, successStatus: status });

/** A route whose input is `{ params, query, headers, body }`: for those that are done once per `Idempotency-Key`. */
export const keyedRoute = (...[method, path, tag, summary, status]: Parameters<typeof route>) =>
  oc.route({
    ...{ method, path, tags: [tag], summary, successStatus: status ?? 200 },
    inputStructure: 'detailed',
  });

export const byId = z.object({ id: z.uuid() });
export const nothing = z.object({});
