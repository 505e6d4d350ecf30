import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { startRedis, waitUntil } from '@maydan/infra';
import { workerBin } from '../../sfu/src/testing/workerBin.ts';
import { cpuSecondsOfTree, median, printRows, type BenchRow } from './measure.ts';
import { pinned } from './origin/pinned.ts';
import { PinnedProcess } from './origin/processes.ts';
import type { CrowdCommand, CrowdReport } from './sfu/crowdProcess.ts';
import type { ServerAddress } from './sfu/sfuServers.ts';

const SERVER_CORE = 0;
const CLIENT_CORE = 1;
const VIEWERS = 100;
const MEASURE_MS = 15_000;
const STORM = { viewers: 200, seconds: 5 };
/** Crowds that are tried in turn until packets are lost. */
const CROWDS = [150, 200, 250, 300, 400];
const LOSS_ALLOWED = 0.001;

interface Server {
  readonly address: ServerAddress;
  /** The process whose tree is measured. */
  readonly pid: number;
  close(): Promise<void>;
}

function startPinned(script: string, env: NodeJS.ProcessEnv): ChildProcess {
  const file = new URL(script, import.meta.url).pathname;
  return spawn('taskset', pinned(SERVER_CORE, [process.execPath, '--no-warnings', file]), {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...env },
  });
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}

async function startBare(): Promise<Server> {
  const child = startPinned('./sfu/bareSfu.ts', { MEDIASOUP_WORKER_BIN: workerBin() });
  if (child.stdout === null) throw new Error('no output');
  const [port] = (await once(createInterface(child.stdout), 'line')) as [string];
  return {
    address: { type: 'bare', url: `http://127.0.0.1:${port}` },
    pid: child.pid ?? 0,
    close: () => stop(child),
  };
}

async function startOurs(): Promise<Server> {
  const dir = await mkdtemp(join(tmpdir(), 'maydan-bench-'));
  const redis = await startRedis({ dir });
  const secret = randomBytes(24).toString('hex');
  const child = startPinned('../../sfu/src/main.ts', {
    REDIS_URL: redis.url,
    INTERNAL_SECRET: secret,
    MEDIASOUP_WORKER_BIN: workerBin(),
    LOG_LEVEL: 'info',
    SFU_HOST: '127.0.0.1',
    SFU_PORT: '0',
    SFU_RTC_PORT: '0',
    OPS_PORT: '0',
    SFU_WORKERS: '1',
  });
  const close = async (): Promise<void> => {
    await stop(child);
    await redis.close();
    await rm(dir, { recursive: true, force: true });
  };
  try {
    const port = await httpPort(child);
    const address = {
      type: 'maydan',
      url: `http://127.0.0.1:${port}`,
      secret,
      sessionId: randomUUID(),
    } as const;
    return { address, pid: child.pid ?? 0, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The service tells its address in its log. */
async function httpPort(child: ChildProcess): Promise<number> {
  let port = 0;
  if (child.stdout === null) throw new Error('no output');
  createInterface(child.stdout).on('line', (line) => {
    const entry = JSON.parse(line) as { httpPort?: number };
    port = entry.httpPort ?? port;
  });
  await waitUntil('the sfu', () => Promise.resolve(port !== 0), 20_000);
  return port;
}

type Crowd = PinnedProcess<CrowdCommand, CrowdReport>;

async function withCrowd<T>(
  start: () => Promise<Server>,
  work: (crowd: Crowd, server: Server) => Promise<T>,
): Promise<T> {
  const server = await start();
  const crowd: Crowd = new PinnedProcess(CLIENT_CORE, '../sfu/crowdProcess.ts');
  try {
    const published = crowd.next('published');
    crowd.send({ type: 'publish', address: server.address, workerBin: workerBin() });
    await published;
    return await work(crowd, server);
  } finally {
    await crowd.close();
    await server.close();
  }
}

async function joinViewers(crowd: Crowd, count: number, everyMs: number | null) {
  const joined = crowd.next('joined', 300_000);
  crowd.send({ type: 'join', count, everyMs });
  return joined;
}

async function countPackets(crowd: Crowd, durationMs: number) {
  const counted = crowd.next('counted', durationMs + 60_000);
  crowd.send({ type: 'count', durationMs });
  return counted;
}

/** Packets a second of the publisher: 50 of sound, 60 of pictures. */
const PACKETS_PER_SEC = 110;

/** CPU milliseconds per viewer and second of media that arrived. */
async function cpuPerViewer(start: () => Promise<Server>): Promise<number> {
  return withCrowd(start, async (crowd, { pid }) => {
    await joinViewers(crowd, VIEWERS, null);
    const before = cpuSecondsOfTree(pid);
    const { received, lost } = await countPackets(crowd, MEASURE_MS);
    const cpuSec = cpuSecondsOfTree(pid) - before;
    if (received === 0 || lost > received * LOSS_ALLOWED)
      throw new Error(`${lost} packets lost, ${received} received`);
    return (cpuSec * 1_000 * PACKETS_PER_SEC) / received;
  });
}

async function compareCpu(rounds: number): Promise<BenchRow> {
  const ratios: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const bare = await cpuPerViewer(startBare);
    const ours = await cpuPerViewer(startOurs);
    ratios.push(ours / bare);
    console.log(
      `round ${round + 1}: ours ${ours.toFixed(3)}, bare ${bare.toFixed(3)} CPU ms per viewer and second`,
    );
  }
  const ratio = median(ratios);
  const name = `CPU per viewer, ${VIEWERS} viewers of 600 kbit/s, against a bare mediasoup program, median of ${rounds}`;
  return { name, value: `${ratio.toFixed(2)}×`, bar: '≤ 1.05×', ok: ratio <= 1.05 };
}

async function mostViewers(): Promise<BenchRow> {
  const carried = await withCrowd(startOurs, async (crowd) => {
    let [present, most] = [0, 0];
    for (const size of CROWDS) {
      await joinViewers(crowd, size - present, null);
      present = size;
      const { received, lost } = await countPackets(crowd, 10_000);
      const share = lost / Math.max(1, received + lost);
      console.log(`${size} viewers: ${received} packets, ${(share * 100).toFixed(3)} % lost`);
      if (share > LOSS_ALLOWED || received < size * PACKETS_PER_SEC * 10 * 0.97) break;
      most = size;
    }
    return most;
  });
  return {
    name: 'viewers on one Worker without loss',
    value: `${carried}`,
    bar: '≥ 250',
    ok: carried >= 250,
  };
}

async function storm(): Promise<BenchRow[]> {
  return withCrowd(startOurs, async (crowd) => {
    const { viewers, seconds } = STORM;
    const { keyFramesAsked, tookMs } = await joinViewers(crowd, viewers, (seconds * 1000) / viewers);
    const perSec = keyFramesAsked / (tookMs / 1000);
    const late = await joinViewers(crowd, 20, null);
    return [
      {
        name: `${viewers} joins in ${seconds} s: key frames asked of the producer`,
        value: `${perSec.toFixed(2)} a second (${keyFramesAsked} in ${(tookMs / 1000).toFixed(1)} s)`,
        bar: '≤ 1 a second',
        ok: keyFramesAsked <= Math.ceil(tookMs / 1000) + 1,
      },
      {
        name: `join of a room with ${viewers} people, to the first packet, median of 20`,
        value: `${late.medianMs.toFixed(0)} ms`,
        bar: '≤ 250 ms',
        ok: late.medianMs <= 250,
      },
    ];
  });
}

/** One publisher of 600 kbit/s and its viewers on one Worker: cost, capacity, and what a rush of joins does. */
export async function run(rounds = 3): Promise<boolean> {
  const rows = [await compareCpu(rounds), await mostViewers(), ...(await storm())];
  printRows('sfu', rows);
  return rows.every(({ ok }) => ok);
}
