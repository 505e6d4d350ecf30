import { setTimeout as delay } from 'node:timers/promises';
import { cpuSecondsByRole, median, percentile, printRows } from './measure.ts';
import { PinnedProcess } from './origin/processes.ts';
import type { AudienceCommand, AudienceReport } from './room/audienceProcess.ts';
import type { BareCommand, BareReport } from './room/bareRoom.ts';
import { OurRoom } from './room/OurRoom.ts';
import type { Kind } from './room/wire.ts';

const SOCKETS = 3_000;
const WRITERS = 400;
const RATE = 200;
const WARM_SEC = 4;
const SECONDS = 10;
const RATIO_BAR = 3;
const P99_BAR_MS = 500;
/** The server has one to itself; clients, PostgreSQL and Redis have the other. */
const [serverCore, otherCore] = [0, 1];

type Audience = PinnedProcess<AudienceCommand, AudienceReport>;
type Reported = Extract<AudienceReport, { type: 'report' }>;
interface Ours {
  readonly perSec: number;
  readonly medianMs: number;
  readonly p99Ms: number;
  /** Of the server's core. */
  readonly cpu: number;
  readonly wrong: string;
}

/**
 * One room with 3,000 sockets and 200 messages a second in: messages that reach sockets in a second, all of them shown to all.
 * Beside it a bare `ws` server on the same core, which sends one frame for each message and socket, as fast as it can.
 */
export async function run(rounds = 1): Promise<boolean> {
  const [ours, bare]: [Ours[], number[]] = [[], []];
  for (let round = 0; round < rounds; round++) {
    bare.push(await barePerSec());
    ours.push(await oursOnce());
    console.log('bare', bare.at(-1)?.toFixed(0), 'ours', ours.at(-1));
  }
  const ratio = median(ours.map(({ perSec }, round) => perSec / (bare[round] ?? Number.NaN)));
  const p99 = median(ours.map(({ p99Ms }) => p99Ms));
  const middle = median(ours.map(({ medianMs }) => medianMs));
  const wrong = ours.map((one) => one.wrong).filter((text) => text !== '');
  const figures = `${median(ours.map(({ perSec }) => perSec)).toFixed(0)} against ${median(bare).toFixed(0)}/s`;
  const rows = [
    {
      name: `deliveries at ${RATE}/s to ${SOCKETS} sockets, against a bare ws server's most`,
      value: `${ratio.toFixed(2)}× (${figures})`,
      bar: `≥ ${RATIO_BAR}×`,
      ok: ratio >= RATIO_BAR,
    },
    {
      name: 'from due to delivered, p99',
      value: `${p99.toFixed(0)} ms (median ${middle.toFixed(0)})`,
      bar: `≤ ${P99_BAR_MS} ms`,
      ok: p99 <= P99_BAR_MS,
    },
    {
      name: "of the server's core",
      value: `${(100 * median(ours.map(({ cpu }) => cpu))).toFixed(0)} %`,
      bar: '–',
      ok: true,
    },
    { name: 'lost, doubled or refused', value: wrong.join('; ') || '0', bar: '0', ok: wrong.length === 0 },
  ];
  printRows('chat-room', rows);
  return rows.every(({ ok }) => ok);
}

async function audienceOf(kind: Kind, port: number, sessionId = ''): Promise<Audience> {
  const args = [kind, String(port), String(SOCKETS), sessionId];
  const audience: Audience = new PinnedProcess(otherCore, '../room/audienceProcess.ts', args);
  await audience.next('ready', 180_000);
  return audience;
}

async function report(audience: Audience): Promise<Reported> {
  const next = audience.next('report');
  audience.send({ type: 'report' });
  return next;
}

async function barePerSec(): Promise<number> {
  const server = new PinnedProcess<BareCommand, BareReport>(serverCore, '../room/bareRoom.ts');
  let audience: Audience | undefined;
  try {
    const { port } = await server.next('ready');
    audience = await audienceOf('bare', port);
    server.send({ type: 'begin' });
    await delay(WARM_SEC * 1_000);
    const [before, startedAt] = [await report(audience), performance.now()];
    await delay(SECONDS * 1_000);
    const after = await report(audience);
    return ((after.deliveries - before.deliveries) * 1_000) / (performance.now() - startedAt);
  } finally {
    await audience?.close();
    await server.close();
  }
}

async function oursOnce(): Promise<Ours> {
  const room = await OurRoom.start(serverCore, WRITERS);
  let audience: Audience | undefined;
  try {
    audience = await audienceOf('ours', room.port, room.sessionId);
    await room.write(RATE, WARM_SEC);
    const cpuOf = (): number =>
      cpuSecondsByRole(process.pid, (pid) => (pid === room.pid ? 'api' : '')).get('api') ?? 0;
    const [before, cpuBefore, startedAt] = [await report(audience), cpuOf(), performance.now()];
    await room.write(RATE, SECONDS);
    const tookMs = performance.now() - startedAt;
    const [after, cpuAfter] = [await report(audience), cpuOf()];
    await delay(2_000);
    const last = await report(audience);
    const delaysMs = [...after.delaysMs, ...last.delaysMs];
    return {
      perSec: ((after.deliveries - before.deliveries) * 1_000) / tookMs,
      medianMs: percentile(delaysMs, 50),
      p99Ms: percentile(delaysMs, 99),
      cpu: ((cpuAfter - cpuBefore) * 1_000) / tookMs,
      wrong: wrongOf(room, last),
    };
  } finally {
    await audience?.close();
    await room.close();
  }
}

function wrongOf({ sent, refusals }: OurRoom, { deliveries, fewest, again }: Reported): string {
  const faults = [
    refusals.length > 0 ? `${refusals.length} refused (${refusals[0]})` : '',
    fewest === sent - refusals.length ? '' : `a reader had ${fewest} of ${sent}`,
    deliveries === (sent - refusals.length) * SOCKETS ? '' : `${deliveries} deliveries of ${sent * SOCKETS}`,
    again > 0 ? `${again} came again` : '',
  ];
  return faults.filter((fault) => fault !== '').join(', ');
}
