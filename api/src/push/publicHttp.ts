import { hostOf, mayBePublicHost, NotPublicError, publicLookup } from '@maydan/common';
import { request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { retryAfterSec } from './retryAfter.ts';

const defaultTimeoutMs = 10_000;

/** Whether a request to it may be made, as far as the address itself tells: https, and no address that isn't public. */
export function mayBePublic(text: string): boolean {
  const url = URL.parse(text);
  if (url?.protocol !== 'https:' || url.username !== '' || url.password !== '') return false;
  return mayBePublicHost(hostOf(url));
}

export interface Posted {
  readonly status: number;
  readonly retryAfterSec: number | null;
  /** The beginning of the body, as much as was wished. */
  readonly answer: Buffer;
}

export interface PostOptions {
  /** Of the whole exchange. */
  readonly timeoutMs?: number;
  /** How much of the answer is read; the rest is never taken in. */
  readonly answerBytes?: number;
}

/**
 * Sends what we were asked to send to an address that a stranger gave us: over https alone, and only to public addresses,
 * looked up in the moment of connecting, unless `allowPrivate`. Redirects aren't followed. Rejects when there is no answer.
 */
export async function postOutside(
  endpoint: string,
  message: { readonly headers: Record<string, string>; readonly body: Buffer },
  allowPrivate: boolean,
  { timeoutMs = defaultTimeoutMs, answerBytes = 0 }: PostOptions = {},
): Promise<Posted> {
  if (!allowPrivate && !mayBePublic(endpoint)) throw new NotPublicError();
  const url = new URL(endpoint);
  const options: RequestOptions = {
    ...{ method: 'POST', headers: message.headers, signal: AbortSignal.timeout(timeoutMs), agent: false },
    ...(allowPrivate ? {} : { lookup: publicLookup }),
  };
  return new Promise((resolve, reject) => {
    const request = (url.protocol === 'https:' ? httpsRequest : httpRequest)(url, options, (response) => {
      const wished = response.headers['retry-after'];
      const status = response.statusCode ?? 0;
      const told = { status, retryAfterSec: retryAfterSec(wished, Date.now()) };
      readBeginning(response, answerBytes).then((answer) => resolve({ ...told, answer }), reject);
    });
    request.on('error', reject);
    request.end(message.body);
  });
}

/** What came until it was enough, the end, or the line broke: the status is known by then. */
async function readBeginning(response: IncomingMessage, most: number): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let length = 0;
  try {
    if (most === 0) return Buffer.alloc(0);
    for await (const piece of response as AsyncIterable<Buffer>) {
      pieces.push(piece.subarray(0, most - length));
      length += piece.length;
      if (length >= most) break;
    }
  } catch {
    // Nobody needs the rest.
  } finally {
    response.destroy();
  }
  return Buffer.concat(pieces);
}
