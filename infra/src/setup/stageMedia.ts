import { spawnSync } from 'node:child_process';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { hashOf, readStamp, root, writeStamp } from './paths.ts';
import { runCommand } from './runCommand.ts';
import { SetupError } from './SetupError.ts';
import { stageMediaBuildPackages, installPackages } from './systemPackages.ts';

const sources = 'workers/native';
/** Where the workers look for it. */
const target = 'workers/dist/stage-media';
const stamp = 'stage-media';
const libraries = ['libavcodec', 'libavutil', 'libswscale'];

/**
 * Builds workers/native, the program that receives and composes stages, with the system's ffmpeg libraries; a matter of seconds. Again
 * when its sources changed, or when it can't be started any more because those libraries were replaced.
 * @returns Its path from the root.
 * @throws SetupError when it can't be built.
 */
export async function ensureStageMedia(progress: (text: string) => void): Promise<string> {
  const hash = hashOf([sources]);
  const binary = join(root, target);
  if (readStamp(stamp) === hash && starts(binary)) return target;
  if (pkgConfig() === null) {
    progress('installing what it is built with');
    await installPackages(
      'The tools to build the program that composes stages are',
      [stageMediaBuildPackages],
      progress,
    );
  }
  progress('building');
  await build(binary);
  writeStamp(stamp, hash);
  return target;
}

/** Without arguments it only ends well. */
const starts = (binary: string): boolean => spawnSync(binary).status === 0;

/** Flags for the compiler; null when something is missing. */
function pkgConfig(): string[] | null {
  const { status, stdout } = spawnSync('pkg-config', ['--cflags', '--libs', ...libraries], {
    encoding: 'utf8',
  });
  const hasCompiler = spawnSync('cc', ['--version']).status === 0;
  return status === 0 && hasCompiler ? stdout.split(/\s+/).filter((flag) => flag !== '') : null;
}

async function build(binary: string): Promise<void> {
  const flags = pkgConfig();
  if (flags === null) throw new SetupError(`workers/native needs cc and ${libraries.join(', ')}.`);
  const folder = join(root, sources);
  const files = (await readdir(folder)).filter((name) => name.endsWith('.c'));
  const candidate = `${binary}-${process.pid}`;
  try {
    await mkdir(dirname(binary), { recursive: true });
    const options = ['-std=c11', '-D_GNU_SOURCE', '-O2', '-Wall', '-Wextra', '-o', candidate];
    await runCommand('cc', [...options, ...files.map((name) => join(folder, name)), ...flags]);
    if (!starts(candidate)) throw new Error('it does not start');
    // A worker that runs goes on with the one it has.
    await rename(candidate, binary);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new SetupError(`The program that composes stages could not be built: ${reason}`, { cause });
  } finally {
    await rm(candidate, { force: true });
  }
}
