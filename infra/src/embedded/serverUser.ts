import { execFileSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { dirname } from 'node:path';

/** Who runs a server that refuses to run as root. */
export interface ServerUser {
  uid: number;
  gid: number;
}

/** Null when we are not root: then the server runs as we do. */
export function serverUser(): ServerUser | null {
  if (process.getuid?.() !== 0) return null;
  return lookUp('postgres') ?? lookUp('nobody') ?? { uid: 65_534, gid: 65_534 };
}

function lookUp(name: string): ServerUser | null {
  try {
    const ask = (flag: string): number =>
      Number(execFileSync('id', [flag, name], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }));
    return { uid: ask('-u'), gid: ask('-g') };
  } catch {
    return null;
  }
}

/**
 * The command that runs a program as another user. A checkout below /root is closed to others: there the program keeps
 * the one capability of root that lets it pass folders (Linux, util-linux `setpriv`).
 */
export function commandAs(
  user: ServerUser | null,
  command: string,
  args: readonly string[],
  paths: readonly string[],
): { command: string; args: string[]; uid?: number; gid?: number } {
  if (user === null) return { command, args: [...args] };
  if ([command, ...paths].every(isOpenToAll)) return { command, args: [...args], ...user };
  const identity = [`--reuid=${user.uid}`, `--regid=${user.gid}`, '--clear-groups'];
  const capability = ['--inh-caps=+dac_read_search', '--ambient-caps=+dac_read_search'];
  // Without this, access(2), by which initdb looks for its server, leaves capabilities out of account.
  const securebits = '--securebits=+no_setuid_fixup';
  return { command: 'setpriv', args: [...identity, ...capability, securebits, '--', command, ...args] };
}

/** True when every folder above the path may be passed by everybody. */
export function isOpenToAll(path: string): boolean {
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    if ((statSync(folder).mode & 0o001) === 0) return false;
    if (folder === dirname(folder)) return true;
  }
}
