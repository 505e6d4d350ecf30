import { readdirSync, readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { WorkerPool } from '../workers/WorkerPool.ts';

export const MB = 1_048_576;
const pageBytes = 4_096;

/** Bytes of memory in use by this process, after what is not reachable was freed. */
function heapUsed(): number {
  setFlagsFromString('--expose-gc');
  const gc: unknown = runInNewContext('gc');
  if (typeof gc === 'function') for (let times = 0; times < 3; times++) Reflect.apply(gc, undefined, []);
  return process.memoryUsage().heapUsed;
}

function filesOf(pid: number | 'self'): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

function memoryOf(pid: number): number {
  const pages = Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]);
  return pages * pageBytes;
}

/** What this process and its Workers hold: bytes, and files, which sockets of RTP, pipes and connections are, too. */
export interface Figures {
  readonly heap: number;
  readonly files: number;
  readonly workerFiles: readonly number[];
  readonly workerMemory: number;
}

export function figuresOf(pool: WorkerPool): Figures {
  return {
    heap: heapUsed(),
    files: filesOf('self'),
    workerFiles: pool.workers.map(({ pid }) => filesOf(pid)),
    workerMemory: pool.workers.reduce((sum, { pid }) => sum + memoryOf(pid), 0),
  };
}

/** Whether no more files are open than `before`, and in the Workers as many. */
export function hasFilesOf(before: Figures, now: Figures): boolean {
  return now.files <= before.files && JSON.stringify(now.workerFiles) === JSON.stringify(before.workerFiles);
}

/** Whether the Workers have nothing any more, by our own count and by theirs. */
export async function holdsNothing({ workers }: WorkerPool): Promise<boolean> {
  const nothing = { routers: 0, transports: 0, producers: 0, consumers: 0 };
  if (!workers.every(({ counts }) => isDeepStrictEqual({ ...counts }, nothing))) return false;
  const servers = await Promise.all(workers.map(({ webRtcServer }) => webRtcServer.dump()));
  const dumps = await Promise.all(workers.map(({ worker }) => worker.dump()));
  return (
    servers.every(({ webRtcTransportIds }) => webRtcTransportIds.length === 0) &&
    dumps.every(({ routerIds }) => routerIds.length === 0)
  );
}
