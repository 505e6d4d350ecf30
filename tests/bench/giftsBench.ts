import { setTimeout as delay } from 'node:timers/promises';
import { auditLedger } from '../../api/src/ledger/audit.repo.ts';
import { bareGiftsPerSec, prepareBare } from './gifts/bareGifts.ts';
import { OurGifts } from './gifts/ourGifts.ts';
import { percentile, printRows, type BenchRow } from './measure.ts';

const SENDERS = 200;
const MANY = 20;
const CLIENTS = 16;
const SECONDS = 8;
const RATE = 200;
const RATIO_BAR = 0.5;
const P99_BAR_MS = 100;

/**
 * Gifts a second from 200 people, 16 at once, into one host and into 20, over HTTP; beside it pgbench with 16 clients that writes the
 * same rows into tables without our rules. Then 200 a second, each at its time. All with one PostgreSQL that waits for the disk.
 */
export async function run(): Promise<boolean> {
  const ours = await OurGifts.start(SENDERS, MANY);
  try {
    const { databaseUrl, database } = ours.backend;
    await prepareBare(database, SENDERS, MANY);
    const rows: BenchRow[] = [];
    for (const hosts of [1, MANY]) {
      const where = hosts === 1 ? 'into one host' : `into ${hosts} hosts`;
      await perSec(() => ours.overHttp(hosts), 2);
      const api = await perSec(() => ours.overHttp(hosts), SECONDS);
      const shape = { senders: SENDERS, receivers: hosts, seconds: SECONDS };
      const bare = await bareGiftsPerSec(databaseUrl, shape);
      const written = await perSec(() => ours.written(hosts, 16, 64), SECONDS);
      const unsharded = await perSec(() => ours.written(hosts, 1, 1), SECONDS);
      rows.push(
        ratioRow(`${where}, over HTTP`, api, bare, RATIO_BAR),
        ratioRow(`${where}, the statement alone`, written, bare, null),
        ratioRow(
          `${where}, the statement with one account a receiver and one for the platform`,
          unsharded,
          bare,
          null,
        ),
      );
    }
    await perSec(() => ours.overHttp(1), 2);
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
