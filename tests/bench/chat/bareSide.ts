import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { startRedis } from '@maydan/infra';
import type { Socket } from 'socket.io-client';
import { endWithUs } from '../origin/processes.ts';
import { connect } from './connect.ts';
import type { Pair, Talker } from './load.ts';
import type { Side } from './sides.ts';

/** Two processes of Socket.IO with its Redis streams adapter, and a Redis of their own. */
export async function startBare(count: number): Promise<Side> {
  const dir = await mkdtemp(join(tmpdir(), 'maydan-bench-'));
  const redis = await startRedis({ dir });
  const children = [startServer(redis.url), startServer(redis.url)];
  const sockets: Socket[] = [];
  const close = async (): Promise<void> => {
    for (const socket of sockets) socket.disconnect();
    await Promise.all(children.map(stop));
    await redis.close();
    await rm(dir, { recursive: true, force: true });
  };
  try {
    const urls = await Promise.all(children.map(urlOf));
    const pairs: Pair[] = [];
    for (let pair = 0; pair < count; pair++) {
      const users = [`${pair}:0`, `${pair}:1`] as const;
      const [near, far] = await Promise.all(users.map((user, side) => connect(urls[side] ?? '', { user })));
      if (near === undefined || far === undefined) throw new Error('not connected');
      sockets.push(near, far);
      pairs.push([talker(near, users[1]), talker(far, users[0])]);
    }
    const pids = children.map(({ pid }) => pid ?? 0);
    return { pairs, pids, countStored: () => Promise.resolve(null), close };
  } catch (error) {
    await close();
    throw error;
  }
}

function startServer(redisUrl: string): ChildProcess {
  const file = new URL('./bareChat.ts', import.meta.url).pathname;
  const child = spawn(process.execPath, ['--no-warnings', file, redisUrl], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  endWithUs(child);
  return child;
}

async function urlOf(child: ChildProcess): Promise<string> {
  if (child.stdout === null) throw new Error('no output');
  const [port] = (await once(createInterface(child.stdout), 'line')) as [string];
  return `http://127.0.0.1:${port}`;
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}

function talker(socket: Socket, to: string): Talker {
  return {
    send: (text) => socket.timeout(10_000).emitWithAck('send', { to, text }),
    onText: (heard) => void socket.on('message', ({ text }: { readonly text: string }) => heard(text)),
  };
}
