import { lookup } from 'node:dns/promises';
import { isIP, isIPv6 } from 'node:net';
import type { NetworkInterfaceInfo } from 'node:os';
import type { ListenAddress } from './PooledWorker.ts';

const maxAddresses = 6;

/**
 * Where WebRTC is listened for. With an announced address (a name is looked up) everywhere, telling clients that one;
 * else on each address of this machine, loopback included.
 * @throws Error when the name is not known.
 */
export async function webRtcAddresses(
  announced: string | undefined,
  interfaces: NodeJS.Dict<NetworkInterfaceInfo[]>,
): Promise<ListenAddress[]> {
  if (announced === undefined) return ownAddresses(interfaces).map((ip) => ({ ip }));
  return [await announcing(announced)];
}

/**
 * Where plain RTP between our services is listened for: on loopback when this node is reached there, else everywhere,
 * telling them the host of its internal address.
 */
export async function plainAddress(internalUrl: string): Promise<ListenAddress> {
  const host = new URL(internalUrl).hostname.replace(/^\[|\]$/g, '');
  if (host === 'localhost' || host.startsWith('127.')) return { ip: '127.0.0.1' };
  return announcing(host);
}

async function announcing(host: string): Promise<ListenAddress> {
  const announcedAddress = isIP(host) > 0 ? host : (await lookup(host)).address;
  return { ip: isIPv6(announcedAddress) ? '::' : '0.0.0.0', announcedAddress };
}

/** Addresses that others reach come first; a link-local one (RFC 4291 2.5.6) needs a zone, which ICE has not. */
function ownAddresses(interfaces: NodeJS.Dict<NetworkInterfaceInfo[]>): string[] {
  const all = Object.values(interfaces)
    .flatMap((list) => list ?? [])
    .filter(({ address, internal }) => !address.startsWith('fe80:') && !(internal && isIPv6(address)))
    .sort((a, b) => Number(a.internal) - Number(b.internal) || a.family.localeCompare(b.family))
    .map(({ address }) => address);
  const outside = all.filter((address) => !address.startsWith('127.')).slice(0, maxAddresses - 1);
  return [...outside, '127.0.0.1'];
}
