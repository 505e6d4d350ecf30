import { createHash } from 'node:crypto';
import { chmod, mkdir, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { ManagedProcess } from '../process/ManagedProcess.ts';
import type { ProcessExit } from '../process/ManagedProcess.ts';
import { waitUntilReady } from '../process/waitUntil.ts';

export interface RedisOptions {
  /** Folder of the append-only file; made when missing. */
  dir: string;
  log?: (line: string) => void;
}

export interface EmbeddedRedis {
  /** `unix://` URL of the socket. */
  url: string;
  socketPath: string;
  pid: number;
  exited: Promise<ProcessExit>;
  close: () => Promise<void>;
}

/** Unix socket addresses hold 104 (macOS) or 108 (Linux) bytes with the closing zero. */
const MAX_SOCKET_PATH_BYTES = 103;
const READY_DEADLINE_MS = 60_000;

/** The same folder always has the same socket, so that clients find a restarted server again. */
export function redisSocketPath(dir: string): string {
  const inside = join(resolve(dir), 'redis.sock');
  if (Buffer.byteLength(inside) <= MAX_SOCKET_PATH_BYTES) return inside;
  const name = createHash('sha256').update(inside).digest('hex').slice(0, 12);
  const short = join(tmpdir(), `maydan-${name}`, 'redis.sock');
  return Buffer.byteLength(short) <= MAX_SOCKET_PATH_BYTES
    ? short
    : join('/tmp', `maydan-${name}`, 'redis.sock');
}

/**
 * Starts a redis-server that keeps an append-only file and listens on a unix socket of this user alone.
 * @throws Error when redis-server is not installed or does not come up, with its last lines.
 */
export async function startRedis({ dir, log }: RedisOptions): Promise<EmbeddedRedis> {
  const socketPath = redisSocketPath(dir);
  const socketDir = resolve(socketPath, '..');
  await mkdir(dir, { recursive: true });
  await mkdir(socketDir, { recursive: true });
  await chmod(socketDir, 0o700);
  const child = new ManagedProcess({
    name: 'redis-server',
    command: process.env['REDIS_SERVER_PATH'] ?? 'redis-server',
    args: redisArguments(resolve(dir), socketPath),
    onLine: log,
  });
  await waitUntilReady(child, () => answersPing(socketPath), READY_DEADLINE_MS);
  return {
    url: `unix://${socketPath}`,
    socketPath,
    pid: child.pid,
    exited: child.exited,
    close: async () => {
      await child.stop();
      // One of its own, outside of `dir`, is made anew by the next start.
      if (socketDir !== resolve(dir)) await rm(socketDir, { recursive: true, force: true });
    },
  };
}

function redisArguments(dir: string, socketPath: string): string[] {
  return [
    ...['--port', '0', '--unixsocket', socketPath, '--unixsocketperm', '700', '--daemonize', 'no'],
    ...['--dir', dir, '--save', '', '--appendonly', 'yes', '--appendfsync', 'everysec'],
    // BullMQ needs a Redis that never evicts keys.
    ...['--maxmemory-policy', 'noeviction'],
  ];
}

/** False while nobody listens and while the append-only file is being read (`-LOADING`). */
function answersPing(socketPath: string): Promise<boolean> {
  return new Promise((resolveAnswer) => {
    const socket = connect(socketPath);
    const finish = (answer: boolean): void => {
      socket.destroy();
      resolveAnswer(answer);
    };
    socket.setTimeout(1_000, () => finish(false));
    socket.once('error', () => finish(false));
    socket.once('connect', () => socket.write('PING\r\n'));
    socket.once('data', (data) => finish(data.toString().startsWith('+PONG')));
  });
}
