import { setTimeout as delay } from 'node:timers/promises';
import { auditLedger } from '../../api/src/ledger/audit.repo.ts';
import { bareGiftsPerSec, prepareBare } from './gifts/bareGifts.ts';
import { OurGifts } from './gifts/ourGifts.ts';
import type { Shards } from '../../api/src/gifts/sending.repo.ts';
import { cpuSecondsByRole, percentile, printRows, type BenchRow } from './measure.ts';

const APIS = 2;
const SENDERS = 200;
const MANY = 20;
const CLIENTS = 64;
/** pgbench writes most with one of them; its best is what counts. */
const BARE_CLIENTS = [16, 32];
const WARM_SECONDS = 3;
const SECONDS = 8;
const RATE = 200;
const RATIO_BAR = 0.5;
const P99_BAR_MS = 100;

/**
 * Gifts a second from 200 people, 64 at once, into one host and into 20, over HTTP; beside it pgbench that writes the same
 * rows into tables without our rules. Then 200 a second, each at its time. All with one PostgreSQL that waits for the disk.
 */
export async function run(): Promise<boolean> {
  const ours = await OurGifts.start(APIS, SENDERS, MANY);
  try {
    const { databaseUrl, database } = ours.backend;
    await prepareBare(database, SENDERS, MANY);
    const rows: BenchRow[] = [];
    for (const hosts of [1, MANY]) {
      const where = hosts === 1 ? 'into one host' : `into ${hosts} hosts`;
      await perSec(() => ours.overHttp(hosts), WARM_SECONDS);
      const before = cpuSeconds(ours);
      const api = await perSec(() => ours.overHttp(hosts), SECONDS);
      const after = cpuSeconds(ours);
      const bares = [];
      for (const clients of BARE_CLIENTS) {
        const shape = { senders: SENDERS, receivers: hosts, clients, seconds: SECONDS };
        bares.push(await bareGiftsPerSec(databaseUrl, shape));
      }
      console.log('pgbench', BARE_CLIENTS, bares);
      const bare = Math.max(...bares);
      const alone = async (shards?: Shards): Promise<number> => {
        const writer = ours.writer(shards);
        return perSec(() => ours.written(writer, hosts), SECONDS);
      };
      rows.push(
        ratioRow(`${where}, over HTTP`, api, bare, RATIO_BAR),
        cpuRow(`${where}, CPU a gift`, before, after, api * SECONDS),
        ratioRow(`${where}, what writes them alone`, await alone(), bare, null),
        ratioRow(
          `${where}, the same with one account a receiver and one for the platform`,
          await alone({ receiving: 1, commission: 1 }),
          bare,
          null,
        ),
      );
    }
    await perSec(() => ours.overHttp(1), WARM_SECONDS);
    rows.push(await atRate(() => ours.overHttp(1)));
    const { ok, entries } = await auditLedger(database);
    rows.push({
      name: 'the books',
      value: `${ok ? 'balance' : 'do not balance'} (${entries} entries)`,
      bar: 'balance',
      ok,
    });
    printRows('gifts', rows);
    return rows.every((row) => row.ok);
  } finally {
    await ours.close();
  }
}

const roles = ['apis', 'postgres', 'redis', 'clients'] as const;
type Role = (typeof roles)[number];

/** Seconds so far of all who share the machine. */
function cpuSeconds({ pids }: OurGifts): Map<string, number> {
  return cpuSecondsByRole(process.pid, (pid, commandLine): Role => {
    if (pids.includes(pid)) return 'apis';
    if (/postgres/.test(commandLine)) return 'postgres';
    return /redis/.test(commandLine) ? 'redis' : 'clients';
  });
}

function cpuRow(
  name: string,
  before: ReadonlyMap<string, number>,
  after: ReadonlyMap<string, number>,
  gifts: number,
): BenchRow {
  const each = (role: Role): string =>
    `${role} ${((((after.get(role) ?? 0) - (before.get(role) ?? 0)) * 1_000) / gifts).toFixed(2)}`;
  return { name, value: `${roles.map(each).join(', ')} ms`, bar: '–', ok: true };
}

/** How many are done in a second, so many at once. */
async function perSec(work: () => Promise<void>, seconds: number): Promise<number> {
  const startedAt = performance.now();
  const until = startedAt + seconds * 1_000;
  let done = 0;
  const client = async (): Promise<void> => {
    while (performance.now() < until) {
      await work();
      done += 1;
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, client));
  return (done * 1_000) / (performance.now() - startedAt);
}

/** From the moment each was due until it was answered. */
async function atRate(work: () => Promise<void>): Promise<BenchRow> {
  const tookMs: number[] = [];
  const startedAt = performance.now();
  const all = Array.from({ length: RATE * SECONDS }, async (_, index) => {
    const dueAt = startedAt + (index * 1_000) / RATE;
    await delay(Math.max(0, dueAt - performance.now()));
    // One that fails never comes.
    const isDone = await work().then(
      () => true,
      () => false,
    );
    tookMs.push(isDone ? performance.now() - dueAt : Number.POSITIVE_INFINITY);
  });
  await Promise.all(all);
  const p99 = percentile(tookMs, 99);
  return {
    name: `into one host at ${RATE}/s, p99`,
    value: `${p99.toFixed(1)} ms (median ${percentile(tookMs, 50).toFixed(1)})`,
    bar: `≤ ${P99_BAR_MS} ms`,
    ok: p99 <= P99_BAR_MS,
  };
}

function ratioRow(name: string, ours: number, bare: number, bar: number | null): BenchRow {
  const ratio = ours / bare;
  console.log(name, ours.toFixed(0), bare.toFixed(0));
  return {
    name,
    value: `${ratio.toFixed(2)}× (${ours.toFixed(0)} against ${bare.toFixed(0)}/s)`,
    bar: bar === null ? '–' : `≥ ${bar}×`,
    ok: bar === null || ratio >= bar,
  };
}
