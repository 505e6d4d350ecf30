import type { SfuNode } from '@maydan/contracts';
import type { ApiConfig } from '../config.ts';

/** How a client reached us, as far as it matters for addresses we give it. */
export interface Reached {
  readonly protocol: string;
  /** Host name or address without port; IPv6 in brackets. */
  readonly hostname: string;
}

const sensible = /^([a-z0-9._-]+|\[[0-9a-f:.]+\])$/i;

/**
 * Base of the playback URLs for this client: PLAYBACK_BASE_URL, or the client's own scheme and host name with the
 * origin's port, so that a phone in the LAN gets addresses that it can reach. A host name that could be anything but
 * a name becomes `localhost`: it goes into headers and pages.
 */
export function playbackBase(config: ApiConfig, reached: Reached): string {
  if (config.PLAYBACK_BASE_URL !== undefined) return config.PLAYBACK_BASE_URL;
  return `${ownScheme(reached)}://${ownHostname(reached)}:${config.ORIGIN_PUBLIC_PORT}`;
}

/**
 * Where a client reaches an sfu node: the node's own public address, or the client's own scheme and host name with the
 * node's public port. Without a node: as one would be reached that runs beside the api.
 */
export function sfuBase(
  config: Pick<ApiConfig, 'SFU_PUBLIC_PORT'>,
  reached: Reached,
  node: Pick<SfuNode, 'publicUrl' | 'publicPort'> = { publicUrl: null, publicPort: config.SFU_PUBLIC_PORT },
): string {
  if (node.publicUrl !== null) return node.publicUrl.replace(/\/+$/, '');
  return `${ownScheme(reached)}://${ownHostname(reached)}:${node.publicPort}`;
}

function ownHostname({ hostname }: Reached): string {
  return sensible.test(hostname) ? hostname : 'localhost';
}

function ownScheme({ protocol }: Reached): string {
  return protocol === 'https' ? 'https' : 'http';
}

/** Host name of a `Host` header. */
export function hostnameOf(host: string | undefined): string {
  return (host ?? '').replace(/:\d+$/, '');
}
