import { hostOf, mayBePublicHost, publicLookup } from '@maydan/common';
import { request as httpRequest, type RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { retryAfterSec } from './retryAfter.ts';

const timeoutMs = 10_000;

/** Whether a request to it may be made, as far as the address itself tells: https, and no address that isn't public. */
export function mayBePublic(text: string): boolean {
  const url = URL.parse(text);
  if (url?.protocol !== 'https:' || url.username !== '' || url.password !== '') return false;
  return mayBePublicHost(hostOf(url));
}

export interface Posted {
  readonly status: number;
  readonly retryAfterSec: number | null;
}

/**
 * Sends what we were asked to send to an address that a stranger gave us: over https alone, and only to public addresses,
 * looked up in the moment of connecting, unless `allowPrivate`. Redirects aren't followed; the answer's body isn't read.
 */
export async function postOutside(
  endpoint: string,
  message: { readonly headers: Record<string, string>; readonly body: Buffer },
  allowPrivate: boolean,
): Promise<Posted> {
  if (!allowPrivate && !mayBePublic(endpoint)) throw new Error('not an address to send to');
  const url = new URL(endpoint);
  const options: RequestOptions = {
    ...{ method: 'POST', headers: message.headers, signal: AbortSignal.timeout(timeoutMs), agent: false },
    ...(allowPrivate ? {} : { lookup: publicLookup }),
  };
  return new Promise((resolve, reject) => {
    const request = (url.protocol === 'https:' ? httpsRequest : httpRequest)(url, options, (response) => {
      const wished = response.headers['retry-after'];
      resolve({ status: response.statusCode ?? 0, retryAfterSec: retryAfterSec(wished, Date.now()) });
      response.destroy();
    });
    request.on('error', reject);
    request.end(message.body);
  });
}
