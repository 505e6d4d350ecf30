import { execFileSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { cpuSecondsOfTree, median, printRows, type BenchRow } from './measure.ts';
import { Nginx } from './origin/nginx.ts';
import { startOrigin, startViewers } from './origin/processes.ts';
import { requestsPerSecond } from './origin/wrk.ts';

const SERVER_CORE = 0;
const CLIENT_CORE = 1;
const LOAD_SEC = 3;
const VIEWERS = 5_000;
const SOAK_VIEWERS = 500;
/** Four times as fast as in life, so that a minute shows what four do. */
const SOAK_PART_MS = 62.5;

type Origin = ReturnType<typeof startOrigin>;

function checkTools(): void {
  if (availableParallelism() < 2)
    throw new Error('Two cores are needed: one for the server, one for the clients.');
  const missing = ['wrk', 'nginx', 'taskset'].filter((tool) => {
    try {
      execFileSync('sh', ['-c', `command -v ${tool}`], { stdio: 'ignore' });
      return false;
    } catch {
      return true;
    }
  });
  if (missing.length > 0)
    throw new Error(
      `Missing: ${missing.join(', ')}. On Debian or Ubuntu: apt install wrk nginx-light util-linux`,
    );
  const files = Number(execFileSync('sh', ['-c', 'ulimit -Hn']).toString().replace('unlimited', '1e9'));
  if (files < VIEWERS + 500) throw new Error(`The limit of open files is ${files}; raise it (ulimit -Hn).`);
}

interface Measured {
  readonly perSec: number;
  /** Answers per second of the server's own CPU time. */
  readonly perCpuSec: number;
}

async function measure(url: string, pid: number, connections: number): Promise<Measured> {
  const before = cpuSecondsOfTree(pid);
  const perSec = await requestsPerSecond({ url, core: CLIENT_CORE, connections, seconds: LOAD_SEC });
  const cpuSec = cpuSecondsOfTree(pid) - before;
  return { perSec, perCpuSec: (perSec * LOAD_SEC) / cpuSec };
}

interface Target {
  readonly origin: string;
  readonly nginx: string;
}

interface Servers {
  readonly origin: Origin;
  readonly nginx: Nginx;
}

/** Both servers in turn, so that whatever else the machine does meets both. */
async function compare(
  name: string,
  servers: Servers,
  target: Target,
  settings: { bar: number; rounds: number; connections: number },
): Promise<BenchRow[]> {
  const ours: Measured[] = [];
  const theirs: Measured[] = [];
  for (let round = 0; round < settings.rounds; round += 1) {
    ours.push(await measure(target.origin, servers.origin.pid, settings.connections));
    theirs.push(await measure(target.nginx, servers.nginx.pid, settings.connections));
  }
  const of = (list: readonly Measured[], value: keyof Measured) => median(list.map((one) => one[value]));
  const ratio = of(ours, 'perSec') / of(theirs, 'perSec');
  const cpuRatio = of(ours, 'perCpuSec') / of(theirs, 'perCpuSec');
  const value =
    `${ratio.toFixed(2)}× nginx (${of(ours, 'perSec').toFixed(0)} and ${of(theirs, 'perSec').toFixed(0)} per second; ` +
    `${cpuRatio.toFixed(2)}× per CPU second)`;
  return [{ name, value, bar: `≥ ${settings.bar}×`, ok: ratio >= settings.bar }];
}

async function throughput(rounds: number): Promise<BenchRow[]> {
  const origin = startOrigin(SERVER_CORE);
  let nginx: Nginx | null = null;
  try {
    const { port, playlist, segment } = await origin.next('ready');
    const base = `http://127.0.0.1:${port}`;
    const bytes = async (path: string) => Buffer.from(await (await fetch(base + path)).arrayBuffer());
    const [playlistBytes, segmentBytes] = [await bytes(playlist), await bytes(segment)];
    nginx = await Nginx.start(SERVER_CORE, { 'p.m3u8': playlistBytes, 's.m4s': segmentBytes });
    const servers = { origin, nginx };
    const theirs = `http://127.0.0.1:${nginx.port}`;
    const segmentTarget = { origin: base + segment, nginx: `${theirs}/s.m4s` };
    const segments = await compare(`segments of ${segmentBytes.length} bytes`, servers, segmentTarget, {
      bar: 0.8,
      rounds,
      connections: 16,
    });
    origin.send({ type: 'realTime', on: true });
    const playlistTarget = { origin: base + playlist, nginx: `${theirs}/p.m3u8` };
    const playlists = await compare(`playlists of ${playlistBytes.length} bytes`, servers, playlistTarget, {
      bar: 0.5,
      rounds,
      connections: 64,
    });
    return [...playlists, ...segments];
  } finally {
    await nginx?.close();
    await origin.close();
  }
}

/** Everybody asks for the part that comes; it comes; milliseconds until the last answer has arrived. */
class Crowd {
  readonly #origin: Origin;
  readonly #viewers: ReturnType<typeof startViewers>;
  readonly #count: number;
  readonly #playlist: string;
  #next: { msn: number; part: number };

  static async gather(origin: Origin, count: number): Promise<Crowd> {
    const { port, playlist } = await origin.next('ready');
    const viewers = startViewers(CLIENT_CORE, port, count);
    await viewers.next('connected');
    const position = origin.next('part');
    origin.send({ type: 'part' });
    return new Crowd(origin, viewers, count, playlist, await position);
  }

  private constructor(
    origin: Origin,
    viewers: ReturnType<typeof startViewers>,
    count: number,
    playlist: string,
    next: { msn: number; part: number },
  ) {
    this.#origin = origin;
    this.#viewers = viewers;
    this.#count = count;
    this.#playlist = playlist;
    this.#next = next;
  }

  async round(): Promise<number> {
    const { msn, part } = this.#next;
    const blocked = this.#origin.next('blocked');
    this.#viewers.send({
      type: 'ask',
      path: `${this.#playlist}?_HLS_msn=${msn}&_HLS_part=${part}&_HLS_skip=YES`,
    });
    this.#origin.send({ type: 'awaitBlocked', count: this.#count });
    await blocked;
    const answered = this.#viewers.next('answered');
    const made = this.#origin.next('part');
    this.#origin.send({ type: 'part' });
    this.#next = await made;
    const { atNs, wrong } = await answered;
    if (wrong > 0) throw new Error(`${wrong} answers were not 200`);
    return Number(BigInt(atNs) - BigInt((await made).atNs)) / 1e6;
  }

  close(): Promise<void> {
    return this.#viewers.close();
  }
}

async function blockedViewers(rounds: number): Promise<BenchRow[]> {
  const origin = startOrigin(SERVER_CORE);
  let crowd: Crowd | null = null;
  try {
    crowd = await Crowd.gather(origin, VIEWERS);
    await crowd.round();
    const times: number[] = [];
    for (let round = 0; round < rounds; round += 1) times.push(await crowd.round());
    const [middle, worst] = [median(times), Math.max(...times)];
    const value = `${middle.toFixed(0)} ms median, ${worst.toFixed(0)} ms worst of ${rounds}`;
    return [{ name: `${VIEWERS} viewers blocked on one part`, value, bar: '≤ 250 ms', ok: middle <= 250 }];
  } finally {
    await crowd?.close();
    await origin.close();
  }
}

const mebibytes = (bytes: number): string => (bytes / 2 ** 20).toFixed(1);

/** Parts in quick succession to a crowd; memory in the last quarter of the time against the second one. */
async function soak(minutes: number): Promise<BenchRow[]> {
  const origin = startOrigin(SERVER_CORE);
  let crowd: Crowd | null = null;
  try {
    crowd = await Crowd.gather(origin, SOAK_VIEWERS);
    const samples: { rssBytes: number; usedBytes: number }[] = [];
    const endMs = performance.now() + minutes * 60_000;
    let parts = 0;
    for (let sampleAtMs = 0; performance.now() < endMs; parts += 1) {
      const nextMs = performance.now() + SOAK_PART_MS;
      await crowd.round();
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, nextMs - performance.now())));
      if (performance.now() < sampleAtMs) continue;
      sampleAtMs = performance.now() + (minutes * 60_000) / 40;
      const memory = origin.next('memory');
      origin.send({ type: 'memory' });
      samples.push(await memory);
    }
    return [flatness(samples, minutes, parts)];
  } finally {
    await crowd?.close();
    await origin.close();
  }
}

function flatness(
  samples: readonly { rssBytes: number; usedBytes: number }[],
  minutes: number,
  parts: number,
): BenchRow {
  const quarter = Math.floor(samples.length / 4);
  const of = (list: typeof samples, key: 'rssBytes' | 'usedBytes') =>
    median(list.map((sample) => sample[key]));
  const quarters = [0, 1, 2, 3].map((at) => samples.slice(at * quarter, (at + 1) * quarter));
  const series = (key: 'rssBytes' | 'usedBytes') =>
    quarters.map((list) => mebibytes(of(list, key))).join(' → ');
  const growth = of(quarters[3] ?? [], 'usedBytes') / of(quarters[1] ?? [], 'usedBytes');
  const value = `used ${series('usedBytes')} MiB, resident ${series('rssBytes')} MiB by quarters`;
  const name = `memory over ${minutes} min, ${parts} parts to ${SOAK_VIEWERS} viewers`;
  return { name, value, bar: 'flat (≤ 5 % growth)', ok: growth <= 1.05 };
}

const soakMinutes = (): number =>
  Number(process.argv.find((argument) => argument.startsWith('--soak-minutes='))?.split('=')[1] ?? 1);

/** The origin against nginx, a crowd on one part, and memory (`--soak-minutes=10` for the long run; `--realtime`). */
export async function run(rounds = 5): Promise<boolean> {
  checkTools();
  const rows = [
    ...(await blockedViewers(3 * rounds)),
    ...(await throughput(rounds)),
    ...(await soak(soakMinutes())),
  ];
  printRows('origin', rows);
  return rows.every((row) => row.ok);
}

if (import.meta.main) process.exit((await run()) ? 0 : 1);
