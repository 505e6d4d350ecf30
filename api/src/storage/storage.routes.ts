import type { IncomingMessage } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { AppError } from '@maydan/common';
import { Router, type Request, type RequestHandler, type Response } from 'express';
import { storagePrefix, type MediaStore } from './MediaStore.ts';

const asked = ['content-type', 'content-length', 'range', 'if-none-match', 'if-modified-since', 'if-range'];
const answered = [
  ...['content-type', 'content-length', 'content-range', 'accept-ranges', 'etag', 'last-modified'],
  ...['content-disposition', 'cache-control'],
];

/**
 * The storage on our own server, for clients that can't reach it (it may listen on loopback alone). Only signed addresses
 * pass, and the storage is who checks them.
 */
export function storageRoutes(store: MediaStore): Router {
  const router = Router();
  const answer: RequestHandler = (request, response) => passOn(store, request, response);
  router.route(`${storagePrefix}/{*path}`).get(answer).put(answer).head(answer);
  return router;
}

async function passOn(store: MediaStore, request: Request, response: Response): Promise<void> {
  const address = store.addressBehind(request.originalUrl.slice(storagePrefix.length));
  const { method } = request;
  if (address === null || (method !== 'GET' && method !== 'HEAD' && method !== 'PUT')) {
    throw new AppError('not_found');
  }
  const headers = chosen(request.headers, asked);
  const isUpload = method === 'PUT';
  if (isUpload && headers['content-length'] === undefined)
    throw new AppError('bad_request', 'The length is missing.');
  const answer = await store.send({ method, address, headers, ...(isUpload ? { body: request } : {}) });
  await sendStored(answer, request, response);
}

/** Gives a client what the storage answered; what comes out of it can do nothing as a page. Throws when it refused. */
export async function sendStored(
  answer: IncomingMessage,
  request: Request,
  response: Response,
  headers: Readonly<Record<string, string>> = {},
): Promise<void> {
  const status = answer.statusCode ?? 502;
  // Whoever is refused may still be sending.
  if (!request.complete) response.setHeader('connection', 'close');
  if (status >= 400 && status !== 416) {
    answer.resume();
    throw refusal(status);
  }
  response
    .status(status)
    .set(chosen(answer.headers, answered))
    .set({
      ...headers,
      'content-security-policy': "default-src 'none'; sandbox",
      'cross-origin-resource-policy': 'cross-origin',
    });
  await pipeline(answer, response).catch((error: unknown) => {
    request.log.debug({ err: error }, 'a download broke off');
  });
}

function refusal(status: number): AppError {
  if (status === 403) return new AppError('forbidden', 'The address is not good for this, or no longer.');
  if (status === 404) return new AppError('not_found');
  return new AppError(status < 500 ? 'bad_request' : 'unavailable');
}

function chosen(
  headers: Readonly<Record<string, string | string[] | undefined>>,
  names: readonly string[],
): Record<string, string> {
  const pairs = names.flatMap((name) => {
    const value = headers[name];
    return typeof value === 'string' ? [[name, value] as const] : [];
  });
  return Object.fromEntries(pairs);
}
