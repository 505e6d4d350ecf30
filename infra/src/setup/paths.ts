import { createHash } from 'node:crypto';
import {
  accessSync,
  constants,
  mkdirSync,
  readFileSync,
  readdirSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The root of the checkout. */
export const root = fileURLToPath(new URL('../../..', import.meta.url)).replace(/\/$/, '');

/** What is costly to make and may be shared by checkouts. */
export function cacheDir(): string {
  return join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'maydan');
}

/** The full path of a program on the PATH, or null. */
export function findProgram(name: string, path = process.env['PATH'] ?? ''): string | null {
  // Administrators' programs are not on everybody's PATH.
  for (const folder of [...path.split(delimiter), '/usr/sbin', '/usr/local/bin', '/opt/homebrew/bin']) {
    if (folder !== '' && isExecutable(join(folder, name))) return join(folder, name);
  }
  return null;
}

export function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** A hash over names and contents of files and folders (paths from the root); missing ones count as missing. */
export function hashOf(paths: readonly string[]): string {
  const hash = createHash('sha256');
  for (const file of paths.flatMap((path) => filesBelow(join(root, path)))) {
    hash
      .update(`${relative(root, file)}\0`)
      .update(readFileSync(file))
      .update('\0');
  }
  return hash.digest('hex');
}

function filesBelow(path: string): string[] {
  const kind = statSync(path, { throwIfNoEntry: false });
  if (kind === undefined) return [];
  if (!kind.isDirectory()) return [path];
  return readdirSync(path)
    .sort()
    .flatMap((name) => filesBelow(join(path, name)));
}

/** What a step was done for the last time; null when never. Lost with node_modules, as it should be. */
export function readStamp(name: string): string | null {
  try {
    return readFileSync(stampFile(name), 'utf8');
  } catch {
    return null;
  }
}

export function writeStamp(name: string, value: string): void {
  mkdirSync(dirname(stampFile(name)), { recursive: true });
  writeFileSync(stampFile(name), value);
}

function stampFile(name: string): string {
  return join(root, 'node_modules', '.maydan', `${name}.stamp`);
}
