import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface Load {
  readonly url: string;
  readonly core: number;
  readonly connections: number;
  readonly seconds: number;
}

/** Answers per second that one core of `wrk` gets; throws when any answer is not a success. */
export async function requestsPerSecond(load: Load): Promise<number> {
  const duration = [`-c${load.connections}`, `-d${load.seconds}s`, '-t1'];
  const { stdout } = await run('taskset', [
    '-c',
    String(load.core),
    'wrk',
    ...duration,
    '-H',
    'Accept-Encoding: gzip',
    load.url,
  ]);
  if (/Non-2xx|Socket errors/.test(stdout)) throw new Error(`wrk of ${load.url}:\n${stdout}`);
  return Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)?.[1]);
}
