import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { AppError, toAppError, toErrorBody } from '@maydan/common';
import { viewingInput } from '@maydan/contracts';
import { restPrefix } from '../http/rest.ts';
import type { ViewingService } from './viewing.service.ts';

const path = `${restPrefix}/viewing/heartbeat`;
const maxBytes = 1_024;

/**
 * Answers heartbeats before all else: there is one a quarter of a minute for each viewer, and the way through middleware and
 * router costs many times what is done. The route of the contract stays for pages of other origins, which need its headers,
 * and for what is unusual.
 */
export function heartbeatDoor(
  viewing: Pick<ViewingService, 'heartbeat'>,
  otherwise: RequestListener,
): RequestListener {
  return (request, response) => {
    if (!isPlain(request)) return otherwise(request, response);
    let body = '';
    request.setEncoding('utf8');
    request.on('data', (part: string) => {
      body += part;
      if (body.length > maxBytes) request.destroy();
    });
    request.on('end', () => answer(viewing, body, response));
  };
}

function isPlain({ method, url, headers }: IncomingMessage): boolean {
  if (method !== 'POST' || url !== path || !isOwn(headers)) return false;
  if (headers['content-type'] !== 'application/json') return false;
  const length = Number(headers['content-length'] ?? Number.NaN);
  return length > 0 && length <= maxBytes;
}

/** Of a page of ours, or of no page: others need headers of their own. */
function isOwn({ origin, host }: IncomingMessage['headers']): boolean {
  return origin === undefined || (host !== undefined && origin.endsWith(`//${host}`));
}

function answer(viewing: Pick<ViewingService, 'heartbeat'>, body: string, response: ServerResponse): void {
  response.setHeader('content-type', 'application/json');
  response.setHeader('cache-control', 'no-store');
  try {
    viewing.heartbeat(viewingInput.parse(JSON.parse(body)).token);
    response.end('{}');
  } catch (error) {
    const refused = toAppError(error instanceof SyntaxError ? new AppError('bad_request') : error);
    response.statusCode = refused.status;
    response.end(JSON.stringify(toErrorBody(refused)));
  }
}
