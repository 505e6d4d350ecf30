import { setTimeout as delay } from 'node:timers/promises';
import { workerBin } from '../../sfu/src/testing/workerBin.ts';
import { cpuSecondsOfTree, median, percentile, printRows, type BenchRow } from './measure.ts';
import { PinnedProcess } from './origin/processes.ts';
import type { Counted, CrowdCommand, CrowdReport, Joined } from './sfu/crowdProcess.ts';
import { startBare, startOurs, type Server } from './sfu/startServer.ts';

const CLIENT_CORE = 1;
const VIEWERS = 60;
/** Of the publisher: 50 of sound, 60 of pictures. */
const PACKETS_PER_SEC = 110;
const MEASURE_MS = 15_000;
/** After the last join: what V8 compiles then is no cost of viewers. */
const SETTLE_MS = 10_000;
const STORM = { viewers: 200, seconds: 5 };
/** Who comes later: apart, so that each one's key frame is asked for at once. */
const LATE = { viewers: 20, everyMs: 1_500 };
/** Crowds that are tried in turn until packets are lost. */
const CROWDS = [150, 200, 250, 300, 400];
const LOSS_ALLOWED = 0.001;
/** Of what the camera sent during a count, this much must have come: what waits somewhere comes late. */
const TIMELY = 0.97;

type Crowd = PinnedProcess<CrowdCommand, CrowdReport>;
interface Stand {
  readonly server: Server;
  readonly crowd: Crowd;
}

/** A server, and beside it a camera that publishes to it. */
async function withStand<T>(start: () => Promise<Server>, work: (stand: Stand) => Promise<T>): Promise<T> {
  const server = await start();
  try {
    return await withCrowd(server, true, (crowd) => work({ server, crowd }));
  } finally {
    await server.close();
  }
}

async function withCrowd<T>(
  { address }: Server,
  publishes: boolean,
  work: (crowd: Crowd) => Promise<T>,
): Promise<T> {
  const crowd: Crowd = new PinnedProcess(CLIENT_CORE, '../sfu/crowdProcess.ts');
  try {
    const attending = crowd.next('attending');
    crowd.send({ type: 'attend', address, workerBin: workerBin(), publishes });
    await attending;
    return await work(crowd);
  } finally {
    await crowd.close();
  }
}

async function joinViewers(crowd: Crowd, count: number, everyMs: number | null): Promise<Joined> {
  const joined = crowd.next('joined', 300_000);
  crowd.send({ type: 'join', count, everyMs });
  return joined;
}

async function countPackets(crowd: Crowd, durationMs: number): Promise<Counted> {
  const counted = crowd.next('counted', durationMs + 60_000);
  crowd.send({ type: 'count', durationMs });
  return counted;
}

/** Null when nothing was lost on the way, nor late. */
function complaint({ due, received, lost, dropped, cpuShare }: Counted): string | null {
  const isWhole = lost <= received * LOSS_ALLOWED && received >= due * TIMELY;
  if (isWhole) return null;
  const whose =
    dropped > 0 ? `, ${dropped} dropped by the viewers' own sockets` : `, none by the viewers' own sockets`;
  return `${received} of ${due} packets, ${lost} lost${whose}; the viewers took ${percent(cpuShare)} of a core`;
}

const percent = (share: number): string => `${(share * 100).toFixed(0)} %`;

/** CPU milliseconds per viewer and second of media that arrived. */
async function cpuPerViewer({ server, crowd }: Stand): Promise<number> {
  const before = cpuSecondsOfTree(server.pid);
  const counted = await countPackets(crowd, MEASURE_MS);
  const cpuSec = cpuSecondsOfTree(server.pid) - before;
  const { received, lost } = counted;
  if (received === 0 || lost > received * LOSS_ALLOWED) throw new Error(complaint(counted) ?? 'no packets');
  return (cpuSec * 1_000 * PACKETS_PER_SEC) / received;
}

/** Both at the same time, so that whatever else the machine does falls upon both. */
async function compareOnce(): Promise<{ ours: number; bare: number }> {
  return withStand(startBare, async (bareStand) =>
    withStand(startOurs, async (ourStand) => {
      for (const { crowd } of [bareStand, ourStand]) await joinViewers(crowd, VIEWERS, null);
      await delay(SETTLE_MS);
      const [bare, ours] = await Promise.all([bareStand, ourStand].map(cpuPerViewer));
      return { ours: ours ?? Number.NaN, bare: bare ?? Number.NaN };
    }),
  );
}

async function compareCpu(rounds: number): Promise<BenchRow> {
  const ratios: number[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    const { ours, bare } = await compareOnce();
    ratios.push(ours / bare);
    console.log(
      `round ${round}: ours ${ours.toFixed(3)}, bare ${bare.toFixed(3)} CPU ms per viewer and second`,
    );
  }
  const ratio = median(ratios);
  const name = `CPU per viewer, ${VIEWERS} viewers of 600 kbit/s, against a bare mediasoup program, median of ${rounds}`;
  return { name, value: `${ratio.toFixed(2)}×`, bar: '≤ 1.05×', ok: ratio <= 1.05 };
}

async function mostViewers(): Promise<BenchRow> {
  const carried = await withStand(startOurs, async ({ crowd, server }) => {
    let [present, most] = [0, 0];
    for (const size of CROWDS) {
      try {
        await joinViewers(crowd, size - present, null);
      } catch (error) {
        console.log(
          `${size} viewers: not all could join (${error instanceof Error ? error.message : 'failed'})`,
        );
        break;
      }
      present = size;
      const before = cpuSecondsOfTree(server.pid);
      const counted = await countPackets(crowd, 10_000);
      const cpuShare = (cpuSecondsOfTree(server.pid) - before) / 10;
      const failed = complaint(counted);
      console.log(
        `${size} viewers: ${failed ?? `${counted.received} packets, ${counted.lost} lost`}; the sfu took ${percent(cpuShare)} of a core`,
      );
      if (failed !== null) break;
      most = size;
    }
    return most;
  });
  const isAll = carried === CROWDS.at(-1);
  return {
    name: 'viewers on one Worker without loss',
    value: `${carried}${isAll ? ', more not tried' : ''}`,
    bar: '≥ 250',
    ok: carried >= 250,
  };
}

/** Requests a second, from the first to the last one. */
function perSecond(timesMs: readonly number[]): number {
  const [first = 0, last = 0] = [timesMs[0], timesMs.at(-1)];
  return timesMs.length < 2 ? 0 : ((timesMs.length - 1) * 1_000) / (last - first);
}

const rush = (crowd: Crowd): Promise<Joined> =>
  joinViewers(crowd, STORM.viewers, (STORM.seconds * 1_000) / STORM.viewers);

function describeJoins(who: string, { toMediaMs, toPictureMs, tookMs }: Joined): void {
  const times = (list: readonly number[]): string =>
    `median ${median(list).toFixed(0)} ms, p95 ${percentile(list, 95).toFixed(0)} ms`;
  console.log(
    `${who}, ${toMediaMs.length} joins in ${(tookMs / 1_000).toFixed(1)} s: first packet ${times(toMediaMs)}; picture ${times(toPictureMs)}`,
  );
}

function describeAll(who: string, { rushed, late }: { rushed: Joined; late: Joined }): void {
  describeJoins(who, rushed);
  console.log(`${who}: ${rushed.keyFramesAskedMs.length} key frames asked`);
  describeJoins(`${who}, later`, late);
}

/**
 * A rush of joins, and then some who come one by one; these from a process of their own, so that they are not kept waiting
 * by what the others receive.
 */
async function joinAll(start: () => Promise<Server>): Promise<{ rushed: Joined; late: Joined }> {
  return withStand(start, async ({ server, crowd }) => {
    const rushed = await rush(crowd);
    const late = await withCrowd(server, false, (few) => joinViewers(few, LATE.viewers, LATE.everyMs));
    return { rushed, late };
  });
}

async function storm(): Promise<BenchRow[]> {
  // The bare program has no limit of its own: it shows that the camera sees every request, and what joining costs anyway.
  describeAll('bare', await joinAll(startBare));
  const { rushed, late } = await joinAll(startOurs);
  describeAll('ours', { rushed, late });
  const rate = perSecond(rushed.keyFramesAskedMs).toFixed(2);
  const [media, picture] = [median(late.toMediaMs), median(late.toPictureMs)];
  return [
    {
      name: `${STORM.viewers} joins in ${STORM.seconds} s: key frames asked of the producer`,
      value: `${rate} a second (${rushed.keyFramesAskedMs.length} in ${(rushed.tookMs / 1_000).toFixed(1)} s)`,
      bar: '≤ 1 a second',
      ok: Number(rate) <= 1,
    },
    {
      name: `join of a room with ${STORM.viewers} people, median of ${LATE.viewers}`,
      value: `${media.toFixed(0)} ms to the first packet, ${picture.toFixed(0)} ms to the picture`,
      bar: '≤ 250 ms',
      ok: Math.max(media, picture) <= 250,
    },
  ];
}

/** One publisher of 600 kbit/s and its viewers on one Worker: cost, capacity, and what a rush of joins does. */
export async function run(rounds = 3): Promise<boolean> {
  const rows = [await compareCpu(rounds), await mostViewers(), ...(await storm())];
  printRows('sfu', rows);
  return rows.every(({ ok }) => ok);
}
