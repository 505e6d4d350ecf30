import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { AppError, toAppError, toErrorBody } from '@maydan/common';
import { viewingInput } from '@maydan/contracts';
import { restPrefix } from '../http/rest.ts';
import type { ViewingService } from './viewing.service.ts';

const path = `${restPrefix}/viewing/heartbeat`;
const maxBytes = 1_024;
const headers = { 'content-type': 'application/json', 'cache-control': 'no-store' };
const accepted = { ...headers, 'content-length': 2 };

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
    const parts: Buffer[] = [];
    // Not more than the length that was looked at: the parser sees to that.
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => void answer(viewing, Buffer.concat(parts).toString(), response));
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

async function answer(
  viewing: Pick<ViewingService, 'heartbeat'>,
  body: string,
  response: ServerResponse,
): Promise<void> {
  try {
    await viewing.heartbeat(viewingInput.parse(JSON.parse(body)).token);
    response.writeHead(200, accepted).end('{}');
  } catch (error) {
    const refused = toAppError(error instanceof SyntaxError ? new AppError('bad_request') : error);
    response.writeHead(refused.status, headers).end(JSON.stringify(toErrorBody(refused)));
  }
}
