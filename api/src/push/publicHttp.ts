import { lookup, type LookupAddress } from 'node:dns';
import { request as httpRequest, type RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { BlockList, isIP, type LookupFunction } from 'node:net';
import { retryAfterSec } from './retryAfter.ts';

const timeoutMs = 10_000;

/** Addresses that aren't of the public internet (IANA's special-purpose registries); a rule for mapped addresses would hold for all of IPv4. */
const special = { ipv4: new BlockList(), ipv6: new BlockList() };
for (const [net, bits] of [
  ...([
    ['0.0.0.0', 8],
    ['10.0.0.0', 8],
    ['100.64.0.0', 10],
    ['127.0.0.0', 8],
    ['169.254.0.0', 16],
  ] as const),
  ...([
    ['172.16.0.0', 12],
    ['192.0.0.0', 24],
    ['192.0.2.0', 24],
    ['192.88.99.0', 24],
  ] as const),
  ...([
    ['192.168.0.0', 16],
    ['198.18.0.0', 15],
    ['198.51.100.0', 24],
    ['203.0.113.0', 24],
  ] as const),
  ...([
    ['224.0.0.0', 4],
    ['240.0.0.0', 4],
  ] as const),
] as const) {
  special.ipv4.addSubnet(net, bits, 'ipv4');
}
for (const [net, bits] of [
  ...([
    ['::', 96],
    ['::ffff:0:0', 96],
    ['64:ff9b::', 96],
    ['64:ff9b:1::', 48],
    ['100::', 64],
  ] as const),
  ...([
    ['2001::', 23],
    ['2001:db8::', 32],
    ['2002::', 16],
    ['fc00::', 7],
    ['fe80::', 10],
    ['ff00::', 8],
  ] as const),
] as const) {
  special.ipv6.addSubnet(net, bits, 'ipv6');
}

/** Whether an IP address is one of the public internet. */
export function isPublicAddress(address: string): boolean {
  const family = isIP(address);
  if (family === 0) return false;
  const name = family === 6 ? 'ipv6' : 'ipv4';
  return !special[name].check(address, name);
}

/** Whether a request to it may be made, as far as the address itself tells: https, and no address that isn't public. */
export function mayBePublic(text: string): boolean {
  const url = URL.parse(text);
  if (url?.protocol !== 'https:' || url.username !== '' || url.password !== '') return false;
  const host = hostOf(url);
  return isIP(host) === 0 ? host.includes('.') : isPublicAddress(host);
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

/** Refuses a name as soon as one of its addresses isn't public. */
const publicLookup: LookupFunction = (hostname, options, answer) => {
  lookup(hostname, { ...options, all: true }, (error, addresses: LookupAddress[]) => {
    if (error !== null) return answer(error, '');
    const [first] = addresses;
    if (first === undefined || !addresses.every(({ address }) => isPublicAddress(address))) {
      return answer(new Error('the name leads to an address that is not public'), '');
    }
    if (options.all === true) return answer(null, addresses);
    answer(null, first.address, first.family);
  });
};

function hostOf({ hostname }: URL): string {
  return hostname.replace(/^\[|\]$/g, '');
}
