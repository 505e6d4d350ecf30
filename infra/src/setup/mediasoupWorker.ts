import { spawnSync } from 'node:child_process';
import { copyFile, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { release as kernelRelease } from 'node:os';
import { dirname, join } from 'node:path';
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { withFileLock } from '../process/fileLock.ts';
import { buildWorker } from './buildWorker.ts';
import { operatingSystem } from './operatingSystem.ts';
import { cacheDir, isExecutable, readStamp, root, writeStamp } from './paths.ts';
import { runCommand } from './runCommand.ts';
import { SetupError } from './SetupError.ts';
import { installPackages, workerBuildPackages } from './systemPackages.ts';

type Progress = (text: string) => void;

interface WorkerPackage {
  /** Folder of the npm package mediasoup. */
  dir: string;
  version: string;
  /** Where its releases are, as its own package.json says. */
  repositoryUrl: string;
}

const packageSchema = z.object({ version: z.string(), repository: z.object({ url: z.string() }) });
const HEADERS_TIMEOUT_MS = 8_000;
const BODY_TIMEOUT_MS = 120_000;
/** main.cpp of the worker: started without mediasoup's environment it exits with this code. */
const EXIT_CODE_WITHOUT_PARENT = 41;

/**
 * The mediasoup-worker binary for this machine: from MEDIASOUP_WORKER_BIN, the cache, the official prebuilt ones, or
 * built from the sources in the npm package; the last two are tried out before they are kept.
 * @returns Its path.
 * @throws SetupError when it can be neither fetched nor built.
 */
export async function ensureMediasoupWorker(progress: Progress): Promise<string> {
  const known = knownMediasoupWorker();
  if (known !== null) return known;
  const mediasoup = readPackage();
  const binary = cachedBinary(mediasoup);
  const dir = dirname(binary);
  await mkdir(dir, { recursive: true });
  const wait = (): void => progress('waiting for another setup that makes it');
  await withFileLock(join(dir, 'lock'), wait, async () => {
    if (!(await works(binary))) await makeWorker(mediasoup, dir, binary, progress);
  });
  writeStamp('mediasoup-worker', binary);
  return binary;
}

/**
 * The worker of MEDIASOUP_WORKER_BIN, else the one that the setup has found good for this version; null without.
 * @throws SetupError when the variable names no program.
 */
export function knownMediasoupWorker(): string | null {
  const given = process.env['MEDIASOUP_WORKER_BIN'] ?? '';
  if (given !== '') {
    if (isExecutable(given)) return given;
    throw new SetupError(`MEDIASOUP_WORKER_BIN is set to ${given}, which is not a program.`);
  }
  const binary = cachedBinary(readPackage());
  return readStamp('mediasoup-worker') === binary && starts(binary) ? binary : null;
}

function readPackage(): WorkerPackage {
  const entry = createRequire(join(root, 'sfu', 'package.json')).resolve('mediasoup');
  const dir = join(dirname(entry), '..', '..');
  const { version, repository } = packageSchema.parse(
    JSON.parse(readFileSync(join(dir, 'package.json'), 'utf8')),
  );
  return { dir, version, repositoryUrl: repository.url.replace(/^git\+/, '').replace(/\.git$/, '') };
}

/** Outside the checkout; it links to the libraries of this release of the system. */
function cachedBinary({ version }: WorkerPackage): string {
  const { id, version: release } = operatingSystem();
  return join(
    cacheDir(),
    'mediasoup-worker',
    `${version}-${id}${release}-${process.arch}`,
    'mediasoup-worker',
  );
}

async function makeWorker(
  mediasoup: WorkerPackage,
  dir: string,
  binary: string,
  progress: Progress,
): Promise<void> {
  const candidate = join(dir, `candidate-${process.pid}`);
  try {
    progress('looking for the official prebuilt binary');
    if ((await fetchPrebuilt(mediasoup, dir, candidate)) && (await works(candidate))) {
      await rename(candidate, binary);
      return;
    }
    progress('the prebuilt binary cannot be had, building from source (some minutes)');
    await installPackages('The tools to build the mediasoup worker are', [workerBuildPackages], progress);
    // What was built before may only have missed its libraries, which came with the tools.
    if (await works(binary)) return;
    await buildWorker(join(mediasoup.dir, 'worker'), join(dir, 'build'), candidate, progress);
    const problem = await problemOf(candidate);
    if (problem !== null)
      throw new SetupError(`The mediasoup worker was built but does not work: ${problem}`);
    await rename(candidate, binary);
  } finally {
    await rm(candidate, { force: true });
  }
}

/** The archive's name is that of mediasoup's own install script (npm-scripts.mjs). */
async function fetchPrebuilt(mediasoup: WorkerPackage, dir: string, target: string): Promise<boolean> {
  const kernel = process.platform === 'linux' ? `-kernel${kernelRelease().split('.')[0]}` : '';
  const name = `mediasoup-worker-${mediasoup.version}-${process.platform}-${process.arch}${kernel}.tgz`;
  const unpacked = join(dir, `prebuilt-${process.pid}`);
  const fetching = new AbortController();
  const timer = setTimeout(() => fetching.abort(), HEADERS_TIMEOUT_MS);
  let bodyTimer: NodeJS.Timeout | undefined;
  try {
    await mkdir(unpacked, { recursive: true });
    const url = `${mediasoup.repositoryUrl}/releases/download/${mediasoup.version}/${name}`;
    const response = await fetch(url, { signal: fetching.signal });
    clearTimeout(timer);
    if (!response.ok) return false;
    bodyTimer = setTimeout(() => fetching.abort(), BODY_TIMEOUT_MS);
    await writeFile(join(unpacked, name), Buffer.from(await response.arrayBuffer()));
    await runCommand('tar', ['-xzf', join(unpacked, name), '-C', unpacked]);
    await copyFile(join(unpacked, 'mediasoup-worker'), target);
    return true;
  } catch {
    return false;
  } finally {
    clearTimeout(timer);
    clearTimeout(bodyTimer);
    await rm(unpacked, { recursive: true, force: true });
  }
}

function starts(binary: string): boolean {
  return isExecutable(binary) && spawnSync(binary, { env: {} }).status === EXIT_CODE_WITHOUT_PARENT;
}

async function works(binary: string): Promise<boolean> {
  return starts(binary) && (await problemOf(binary)) === null;
}

/** The sfu knows mediasoup and tries the binary with real transports. */
async function problemOf(binary: string): Promise<string | null> {
  try {
    await runCommand(process.execPath, [join(root, 'sfu', 'src', 'verification', 'verifyWorker.ts'), binary]);
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
