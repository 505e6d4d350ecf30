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
/** Built in another way it is another program. */
const inputs = [sources, 'infra/src/setup/stageMedia.ts'];
const libraries = ['libavcodec', 'libavutil', 'libswscale'];
const linuxHardening = [
  '-pie',
  '-fstack-clash-protection',
  '-Wl,-z,relro',
  '-Wl,-z,now',
  '-Wl,-z,noexecstack',
];
/** It reads what strangers send: a mistake in it should end it rather than be of use to them. */
const hardening = [
  ...['-O2', '-U_FORTIFY_SOURCE', '-D_FORTIFY_SOURCE=2', '-fstack-protector-strong', '-fPIE'],
  ...(process.platform === 'linux' ? linuxHardening : []),
];

/**
 * Builds workers/native, the program that receives and composes stages, with the system's ffmpeg libraries; a matter of seconds. Again
 * when its sources changed, or when it can't be started any more because those libraries were replaced or lack a codec.
 * @returns Its path from the root.
 * @throws SetupError when it can't be built.
 */
export async function ensureStageMedia(progress: (text: string) => void): Promise<string> {
  const hash = hashOf(inputs);
  const binary = join(root, target);
  if (readStamp(stamp) === hash && stageMediaProblem(binary) === null) return target;
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

/** Why it can't be used here; null: it can. Without arguments it only sees whether ffmpeg's libraries have all that it needs. */
export function stageMediaProblem(binary: string): string | null {
  const { status, signal, error, stderr } = spawnSync(binary, { encoding: 'utf8' });
  if (error !== undefined) return error.message;
  if (status === 0) return null;
  return stderr.trim() || `it ended with ${signal ?? status}`;
}

/**
 * Compiles it to that path.
 * @param options Of the compiler: others than ours for tests, which look for mistakes in it.
 * @throws Error with the compiler's last lines.
 */
export async function compileStageMedia(path: string, options: readonly string[] = hardening): Promise<void> {
  const flags = pkgConfig();
  if (flags === null) throw new SetupError(`workers/native needs cc and ${libraries.join(', ')}.`);
  const folder = join(root, sources);
  const files = (await readdir(folder)).filter((name) => name.endsWith('.c'));
  const all = ['-std=c11', '-D_GNU_SOURCE', '-Wall', '-Wextra', ...options, '-o', path];
  await runCommand('cc', [...all, ...files.map((name) => join(folder, name)), ...flags]);
}

/** Flags for the compiler; null when something is missing. */
function pkgConfig(): string[] | null {
  const { status, stdout } = spawnSync('pkg-config', ['--cflags', '--libs', ...libraries], {
    encoding: 'utf8',
  });
  const hasCompiler = spawnSync('cc', ['--version']).status === 0;
  return status === 0 && hasCompiler ? stdout.split(/\s+/).filter((flag) => flag !== '') : null;
}

async function build(binary: string): Promise<void> {
  const candidate = `${binary}-${process.pid}`;
  try {
    await mkdir(dirname(binary), { recursive: true });
    await compileStageMedia(candidate);
    const problem = stageMediaProblem(candidate);
    if (problem !== null) throw new Error(`it can't be used: ${problem}`);
    // A worker that runs goes on with the one it has.
    await rename(candidate, binary);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new SetupError(`The program that composes stages could not be built: ${reason}`, { cause });
  } finally {
    await rm(candidate, { force: true });
  }
}
