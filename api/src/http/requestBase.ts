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
  const hostname = sensible.test(reached.hostname) ? reached.hostname : 'localhost';
  const protocol = reached.protocol === 'https' ? 'https' : 'http';
  return `${protocol}://${hostname}:${config.ORIGIN_PUBLIC_PORT}`;
}

/** Host name of a `Host` header. */
export function hostnameOf(host: string | undefined): string {
  return (host ?? '').replace(/:\d+$/, '');
}
