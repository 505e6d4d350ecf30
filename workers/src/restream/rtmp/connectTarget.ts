import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { publicLookup } from '@maydan/common';
import type { RestreamAddress } from '@maydan/contracts';

export interface TargetConnection {
  /** Also to private addresses. */
  readonly allowPrivate: boolean;
  /** Certificates that are trusted in place of the system's, PEM. */
  readonly ca?: string | undefined;
}

/**
 * Connects to a target. Unless private addresses are allowed, it goes to an address of the name that was found to be public;
 * a host that is an address has to be checked before. With TLS the certificate has to be the name's. `onOpen` once it stands.
 */
export function connectTarget(
  { host, port, tls }: RestreamAddress,
  { allowPrivate, ca }: TargetConnection,
  onOpen: () => void,
): Socket {
  const guard = allowPrivate ? {} : { lookup: publicLookup };
  const socket = tls
    ? connectTls({
        ...{ host, port, ...guard, rejectUnauthorized: true, minVersion: 'TLSv1.2' },
        ...(isIP(host) === 0 ? { servername: host } : {}),
        ...(ca === undefined ? {} : { ca }),
      })
    : connectTcp({ host, port, ...guard });
  socket.setNoDelay(true);
  socket.once(tls ? 'secureConnect' : 'connect', onOpen);
  return socket;
}
