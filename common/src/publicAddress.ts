import { lookup, type LookupAddress } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';

/** Networks that aren't of the public internet (IANA's special-purpose registries). */
const specialIpv4 = [
  '0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24',
  '192.88.99.0/24 192.168.0.0/16 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/4 240.0.0.0/4',
];
/** What holds an IPv4 address in an IPv6 one (mapped, compatible, NAT64, 6to4) is never asked for: it is none of ours to undo. */
const specialIpv6 = [
  '::/96 ::ffff:0:0/96 64:ff9b::/96 64:ff9b:1::/48 100::/63 2001::/23 2001:db8::/32 2002::/16 3fff::/20 5f00::/16',
  'fc00::/7 fe80::/10 fec0::/10 ff00::/8',
];

/** One list for each family: a rule for mapped addresses would hold for all of IPv4. */
const special = { ipv4: listOf(specialIpv4, 'ipv4'), ipv6: listOf(specialIpv6, 'ipv6') };

function listOf(lines: readonly string[], family: 'ipv4' | 'ipv6'): BlockList {
  const list = new BlockList();
  for (const network of lines.flatMap((line) => line.split(' '))) {
    const [address = '', bits] = network.split('/');
    list.addSubnet(address, Number(bits), family);
  }
  return list;
}

/** A name that a stranger gave us leads, or may lead, inside. */
export class NotPublicError extends Error {
  readonly code = 'ERR_ADDRESS_NOT_PUBLIC';

  constructor() {
    super('the name leads to an address that is not public');
    this.name = 'NotPublicError';
  }
}

/** Whether an IP address is one of the public internet; false for what is no IP address. */
export function isPublicAddress(address: string): boolean {
  const family = isIP(address);
  // An address with a zone (`fe80::1%eth0`) is local by its nature.
  if (family === 0 || address.includes('%')) return false;
  const name = family === 6 ? 'ipv6' : 'ipv4';
  return !special[name].check(address, name);
}

/** The host of a URL as the system takes it: an IPv6 address without its brackets. */
export function hostOf({ hostname }: URL): string {
  return hostname.replace(/^\[|\]$/g, '');
}

/** Whether a host may be asked for, as far as its text tells: a name with a dot, or a public address. Where the name leads is seen when connecting. */
export function mayBePublicHost(host: string): boolean {
  return isIP(host) === 0 ? host.includes('.') : isPublicAddress(host);
}

/**
 * For the option `lookup` of connections to hosts that strangers name: fails with NotPublicError as soon as one of the
 * name's addresses isn't public. The connection goes to an address that was checked, so a name that is answered differently
 * the next moment (DNS rebinding) gains nothing. A host that is an IP address is never looked up: ask `mayBePublicHost` first.
 */
export const publicLookup: LookupFunction = (hostname, options, answer) => {
  lookup(hostname, { ...options, all: true }, (error, addresses: LookupAddress[]) => {
    if (error !== null) return answer(error, '');
    const [first] = addresses;
    if (first === undefined || !addresses.every(({ address }) => isPublicAddress(address))) {
      return answer(new NotPublicError(), '');
    }
    if (options.all === true) return answer(null, addresses);
    answer(null, first.address, first.family);
  });
};
