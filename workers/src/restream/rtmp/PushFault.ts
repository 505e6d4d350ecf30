import type { RestreamFault } from '@maydan/contracts';

/** Why a connection to a target ended without our wish. `message` holds nothing that the target said but codes. */
export interface PushFault {
  readonly code: RestreamFault;
  readonly message: string;
}

const maxMessage = 300;

export function fault(code: RestreamFault, message: string): PushFault {
  return { code, message: message.slice(0, maxMessage) };
}

const unresolved: ReadonlySet<string> = new Set(['ENOTFOUND', 'EAI_AGAIN', 'EAI_FAIL', 'EAI_NODATA']);
const certificate = /^(CERT_|ERR_TLS|ERR_SSL|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|HOSTNAME_MISMATCH)/;

/** What a socket's error says before the connection stood. */
export function connectFault(code: string): PushFault {
  if (code === 'ERR_ADDRESS_NOT_PUBLIC')
    return fault('addressRefused', 'The address leads to a network that is not public.');
  if (unresolved.has(code)) return fault('nameNotFound', 'The name of the host is not known.');
  if (certificate.test(code)) return fault('certificate', `The certificate is not good: ${code}.`);
  return fault('unreachable', `No connection: ${code}.`);
}
