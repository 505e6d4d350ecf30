import { randomBytes } from 'node:crypto';
import { chmod, chown, mkdir, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from './freePort.ts';
import { clearStaleLock } from './postmasterLock.ts';
import { postgresBinaries } from './postgresBinaries.ts';
import type { PostgresBinaries } from './postgresBinaries.ts';
import { commandAs, serverUser } from './serverUser.ts';
import type { ServerUser } from './serverUser.ts';
import { ManagedProcess, describeExit } from '../process/ManagedProcess.ts';
import type { ProcessExit } from '../process/ManagedProcess.ts';
import { ProcessFailure } from '../process/ProcessFailure.ts';
import { waitUntilReady } from '../process/waitUntil.ts';

export interface PostgresOptions {
  /** Folder of the cluster and its password; made when missing. */
  dir: string;
  /** TCP port on loopback; a free one when not given. */
  port?: number;
  log?: (line: string) => void;
  /** False for tests: commits do not wait for the disk. Default true. */
  durable?: boolean;
}

export interface EmbeddedPostgres {
  /** URL of the database `postgres` with its password. */
  url: string;
  port: number;
  pid: number;
  exited: Promise<ProcessExit>;
  close: () => Promise<void>;
}

const READY_DEADLINE_MS = 60_000;
const START_ATTEMPTS = 4;
const USER = 'maydan';

/**
 * Starts a real PostgreSQL on loopback; its first start makes the cluster (about one second).
 * A lock file left by a crash is no obstacle.
 * @throws Error with the server's last lines when it does not come up.
 */
export async function startPostgres(options: PostgresOptions): Promise<EmbeddedPostgres> {
  const dir = resolve(options.dir);
  const binaries = await postgresBinaries();
  const user = serverUser();
  await mkdir(dir, { recursive: true });
  const password = await keptPassword(dir);
  const dataDir = join(dir, 'data');
  if (!(await isCluster(dataDir))) await createCluster(dir, dataDir, password, binaries, user, options.log);
  await clearStaleLock(dataDir);
  const { child, port } = await startServer(dataDir, binaries, user, options);
  return {
    url: urlOf(password, port),
    port,
    pid: child.pid,
    exited: child.exited,
    close: async () => {
      await child.stop();
    },
  };
}

/**
 * A start is tried again: right after a crash the last backend may still hold the shared memory, and a port that was
 * free may be gone.
 */
async function startServer(
  dataDir: string,
  binaries: PostgresBinaries,
  user: ServerUser | null,
  options: PostgresOptions,
): Promise<{ child: ManagedProcess; port: number }> {
  for (let attempt = 1; ; attempt++) {
    const port = options.port ?? (await freePort());
    let isReady = false;
    const child = spawnServer(dataDir, port, binaries, user, options.durable ?? true, (line) => {
      isReady ||= line.includes('database system is ready to accept connections');
      options.log?.(line);
    });
    try {
      await waitUntilReady(child, () => isReady, READY_DEADLINE_MS);
      return { child, port };
    } catch (error) {
      if (attempt === START_ATTEMPTS) throw error;
      await delay(attempt * 200);
    }
  }
}

function spawnServer(
  dataDir: string,
  port: number,
  binaries: PostgresBinaries,
  user: ServerUser | null,
  durable: boolean,
  onLine: (line: string) => void,
): ManagedProcess {
  const settings = [
    `port=${port}`,
    'listen_addresses=127.0.0.1',
    'unix_socket_directories=',
    'shared_buffers=64MB',
    'max_connections=80',
    ...(durable ? [] : ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off']),
  ];
  const args = ['-D', dataDir, ...settings.flatMap((setting) => ['-c', setting])];
  return new ManagedProcess({
    name: 'postgres',
    ...commandAs(user, binaries.postgres, args, [join(dataDir, 'PG_VERSION')]),
    env: serverEnvironment(),
    // Fast shutdown: open transactions are rolled back, clients are disconnected.
    stopSignal: 'SIGINT',
    onLine,
  });
}

/** The cluster is made beside its place and moved there when complete, so that a crash leaves no half of one. */
async function createCluster(
  dir: string,
  dataDir: string,
  password: string,
  binaries: PostgresBinaries,
  user: ServerUser | null,
  log?: (line: string) => void,
): Promise<void> {
  for (const name of await readdir(dir)) {
    if (name.startsWith('new-')) await rm(join(dir, name), { recursive: true, force: true });
  }
  const fresh = join(dir, `new-${randomBytes(4).toString('hex')}`);
  await mkdir(fresh, { mode: 0o700 });
  const passwordFile = join(fresh, 'password');
  const cluster = join(fresh, 'data');
  await mkdir(cluster, { mode: 0o700 });
  await writeFile(passwordFile, `${password}\n`, { mode: 0o600 });
  if (user) for (const path of [fresh, passwordFile, cluster]) await chown(path, user.uid, user.gid);
  const args = [
    ...['--pgdata', cluster, '--username', USER, '--pwfile', passwordFile, '--auth', 'scram-sha-256'],
    ...['--encoding', 'UTF8', '--locale', 'C', '--no-sync', '--no-instructions'],
  ];
  const initdb = new ManagedProcess({
    name: 'initdb',
    ...commandAs(user, binaries.initdb, args, [join(cluster, 'PG_VERSION')]),
    env: serverEnvironment(),
    onLine: log,
  });
  const exit = await initdb.exited;
  if (exit.code !== 0) {
    throw new ProcessFailure([`initdb ${describeExit(exit)}`, ...initdb.lastLines].join('\n  '));
  }
  await rename(cluster, dataDir);
  await rm(fresh, { recursive: true, force: true });
}

/** Of a server that another process started on this folder; null when none runs. */
export async function runningPostgresUrl(dir: string): Promise<string | null> {
  // Its fourth line is the port: PostgreSQL's documentation of the file.
  const lock = await readFile(join(dir, 'data', 'postmaster.pid'), 'utf8').catch(() => '');
  const port = Number(lock.split('\n')[3]);
  const password = await readFile(join(dir, 'password'), 'utf8').catch(() => '');
  if (!(port > 0) || password === '') return null;
  return urlOf(password, port);
}

function urlOf(password: string, port: number): string {
  return `postgresql://${USER}:${password}@127.0.0.1:${port}/postgres`;
}

async function keptPassword(dir: string): Promise<string> {
  const file = join(dir, 'password');
  const kept = await readFile(file, 'utf8').catch(() => null);
  if (kept !== null && kept.length > 0) return kept;
  const password = randomBytes(24).toString('hex');
  await writeFile(file, password, { mode: 0o600 });
  await chmod(file, 0o600);
  return password;
}

function isCluster(dataDir: string): Promise<boolean> {
  return readFile(join(dataDir, 'PG_VERSION')).then(
    () => true,
    () => false,
  );
}

/** Messages in English, as one of them says that the server is ready, and nothing of our environment (PGDATA, PGPORT, secrets). */
function serverEnvironment(): NodeJS.ProcessEnv {
  return { PATH: process.env['PATH'], TZ: 'UTC', LC_ALL: 'C' };
}
