import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { pinned } from './pinned.ts';

const run = promisify(execFile);

export interface Load {
  readonly url: string;
  readonly core: number;
  readonly connections: number;
  readonly seconds: number;
}

/** Answers per second that one core of `wrk` gets; throws when any answer is not a success. */
export async function requestsPerSecond(load: Load): Promise<number> {
  const settings = ['-t1', `-c${load.connections}`, `-d${load.seconds}s`, '-H', 'Accept-Encoding: gzip'];
  const { stdout } = await run('taskset', pinned(load.core, ['wrk', ...settings, load.url]));
  if (/Non-2xx|Socket errors/.test(stdout)) throw new Error(`wrk of ${load.url}:\n${stdout}`);
  return Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)?.[1]);
}
