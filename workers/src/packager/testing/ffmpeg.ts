import { spawn } from 'node:child_process';
import type { Readable } from 'node:stream';

/** For tests: what ffmpeg and ffprobe say. */

export interface Finished {
  readonly stdout: string;
  readonly stderr: string;
}

async function textOf(stream: Readable | null): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream ?? []) if (chunk instanceof Buffer) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

/** Runs a program to its end. @throws Error with its last words when it fails or takes over 60 s. */
export async function run(program: string, args: readonly string[]): Promise<Finished> {
  const child = spawn(program, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 60_000,
    killSignal: 'SIGKILL',
  });
  const exited = new Promise<number | null>((resolve, reject) =>
    child.once('error', reject).once('close', resolve),
  );
  const [stdout, stderr, code] = await Promise.all([textOf(child.stdout), textOf(child.stderr), exited]);
  if (code !== 0) throw new Error(`${program} ended with ${code}: ${stderr.slice(-2000)}`);
  return { stdout, stderr };
}

/**
 * Runs ffmpeg with one pipe per output (`pipe:3` and so on) and hands on what comes out of them, in the order in which
 * it comes. @throws Error as `run`.
 */
export async function runWithPipes(
  args: readonly string[],
  outputs: readonly ((bytes: Uint8Array) => void)[],
): Promise<void> {
  const pipes = outputs.map(() => 'pipe' as const);
  const child = spawn('ffmpeg', args, {
    stdio: ['ignore', 'ignore', 'pipe', ...pipes],
    timeout: 60_000,
    killSignal: 'SIGKILL',
  });
  const exited = new Promise<number | null>((resolve, reject) =>
    child.once('error', reject).once('close', resolve),
  );
  outputs.forEach((output, index) => child.stdio[index + 3]?.on('data', output));
  const errors = child.stdio[2];
  const [stderr, code] = await Promise.all([textOf(errors), exited]);
  if (code !== 0) throw new Error(`ffmpeg ended with ${code}: ${stderr.slice(-2000)}`);
}

/** A hash of every decoded frame, with ffmpeg stopping at the first error. Empty of anything else. */
export async function frameHashes(file: string): Promise<string[]> {
  const args = ['-v', 'error', '-xerror', '-err_detect', 'explode', '-i', file, '-fps_mode', 'passthrough'];
  const { stdout, stderr } = await run('ffmpeg', [...args, '-f', 'framemd5', '-']);
  if (stderr !== '') throw new Error(`ffmpeg complains of ${file}: ${stderr}`);
  const lines = stdout.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return lines.map((line) => line.split(',').at(-1)?.trim() ?? '');
}

/** A hash of every packet's bytes, H.264 parameter sets aside: the packager puts them before key frames. */
export async function packetHashes(file: string, kind: 'video' | 'audio'): Promise<string[]> {
  const pictures = kind === 'video' ? ['-bsf:v', 'filter_units=remove_types=7-8'] : [];
  const args = ['-v', 'error', '-i', file, '-c', 'copy', ...pictures, '-f', 'framemd5', '-'];
  const { stdout } = await run('ffmpeg', args);
  const lines = stdout.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return lines.map((line) => line.split(',').at(-1)?.trim() ?? '');
}

/** Presentation times of all packets in file order, in seconds. */
export async function packetTimes(file: string): Promise<number[]> {
  const args = ['-v', 'error', '-show_entries', 'packet=pts_time', '-of', 'csv=p=0', file];
  const { stdout } = await run('ffprobe', args);
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map(Number.parseFloat);
}
