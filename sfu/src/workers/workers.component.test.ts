import { createSocket, type Socket } from 'node:dgram';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { createLogger } from '@maydan/common';
import { freePort } from '@maydan/infra';
import * as mediasoup from 'mediasoup';
import { until } from '../testing/until.ts';
import { workerBin } from '../testing/workerBin.ts';
import { dtlsLoop } from '../verification/dtlsLoop.ts';
import { srtpLoop } from '../verification/srtpLoop.ts';
import type { RtcListening } from './PooledWorker.ts';
import { WorkerPool } from './WorkerPool.ts';

const listening: RtcListening = {
  port: 0,
  addresses: [{ ip: '127.0.0.1' }],
  portRange: { min: 40_100, max: 49_999 },
};

const logger = createLogger('sfu', 'silent');
const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function createPool(size: number, port = 0): Promise<WorkerPool> {
  const pool = await WorkerPool.create({
    size,
    settings: { workerBin: workerBin(), logLevel: 'warn' },
    listening: { ...listening, port },
    logger,
  });
  cleanups.push(() => pool.close());
  return pool;
}

/** Like a packet of video; no STUN, so that the Worker forgets it. */
const packet = Buffer.alloc(1_200, 0x80);

function sendPacket(sender: Socket, port: number, done: (error: Error | null) => void): void {
  sender.send(packet, port, '127.0.0.1', done);
}

/** What the kernel says of a UDP socket (proc(5), `net/udp`). */
function socketAt(port: number): { waitingBytes: number; drops: number } | undefined {
  const lines = readFileSync('/proc/net/udp', 'utf8').trim().split('\n');
  const fields = lines.map((line) => line.trim().split(/\s+/));
  const found = fields.find(([, local]) =>
    local?.endsWith(`:${port.toString(16).toUpperCase().padStart(4, '0')}`),
  );
  if (found === undefined) return undefined;
  const waitingBytes = Number.parseInt(found[4]?.split(':')[1] ?? '', 16);
  return { waitingBytes, drops: Number(found.at(-1)) };
}

describe('WorkerPool', () => {
  it('replaces a Worker that was killed', async () => {
    const pool = await createPool(2);
    await pool.check();
    const [victim] = pool.workers;
    const before = pool.workers.map((worker) => worker.pid);
    const refused = new Promise((resolve) => {
      // At the moment of the death: the next one is there soon.
      victim?.worker.once('died', () => resolve(pool.check().catch((error: unknown) => error)));
    });
    process.kill(victim?.pid ?? 0, 'SIGKILL');
    expect(String(await refused)).toContain('1 of 2 Workers');
    expect(pool.deaths).toBe(1);
    await until('the replacement', () => pool.workers.length === 2);
    await pool.check();
    expect(pool.workers.map((worker) => worker.pid)).not.toEqual(before);
  });

  it('gives a replacement the port of the dead one', async () => {
    const port = await freePort('0.0.0.0');
    const pool = await createPool(1, port);
    const ports = async () => {
      const { udpSockets, tcpServers } = await (await pool.acquire()).webRtcServer.dump();
      return [...udpSockets, ...tcpServers].map((socket) => socket.port);
    };
    expect(await ports()).toEqual([port, port]);
    process.kill(pool.workers[0]?.pid ?? 0, 'SIGKILL');
    await until('the death', () => pool.deaths === 1);
    expect(await ports()).toEqual([port, port]);
  });

  it('gives the Worker with the least to do, and waits for one while none is alive', async () => {
    const pool = await createPool(2);
    const first = await pool.acquire();
    const router = await first.worker.createRouter();
    expect(first.counts.routers).toBe(1);
    const second = await pool.acquire();
    expect(second).not.toBe(first);
    expect(pool.leastLoaded(new Set([first, second]))).toBeUndefined();
    router.close();
    expect(first.counts.routers).toBe(0);
    for (const { pid } of pool.workers) process.kill(pid, 'SIGKILL');
    await until('the deaths', () => pool.deaths === 2);
    expect([first.pid, second.pid]).not.toContain((await pool.acquire()).pid);
  });

  it('keeps what many clients send at once, while it is busy', async () => {
    const { pid, webRtcServer } = await (await createPool(1)).acquire();
    const port = (await webRtcServer.dump()).udpSockets[0]?.port ?? 0;
    const sender = createSocket('udp4');
    cleanups.push(() => sender.close());
    process.kill(pid, 'SIGSTOP');
    cleanups.push(() => process.kill(pid, 'SIGCONT'));
    // More than the system's default buffer holds, less than what any system grants.
    const sent = Array.from({ length: 150 }, () => promisify(sendPacket)(sender, port));
    await Promise.all(sent);
    expect(socketAt(port)).toMatchObject({ drops: 0 });
    expect(socketAt(port)?.waitingBytes).toBeGreaterThan(150 * packet.length);
  });

  it('leaves no process behind when it is closed', async () => {
    const pool = await createPool(1);
    const pid = pool.workers[0]?.pid ?? 0;
    pool.close();
    await until('the end of the process', () => {
      try {
        return !process.kill(pid, 0);
      } catch {
        return true;
      }
    });
    expect(pool.workers).toEqual([]);
  });

  it('says so when the program is not a worker', async () => {
    const settings = { workerBin: '/bin/true' };
    await expect(WorkerPool.create({ size: 1, settings, listening, logger })).rejects.toThrow();
  });
});

describe('the worker binary', () => {
  it('carries RTP over every SRTP suite', async () => {
    const worker = await mediasoup.createWorker({ workerBin: workerBin() });
    cleanups.push(() => worker.close());
    await srtpLoop(worker);
  });

  it('does ICE and DTLS, and carries RTP under the keys agreed on', async () => {
    const worker = await mediasoup.createWorker({ workerBin: workerBin() });
    cleanups.push(() => worker.close());
    await dtlsLoop(worker);
  });
});
