import { setTimeout as delay } from 'node:timers/promises';
import { socketLimits } from '@maydan/contracts';
import { startBare } from './chat/bareSide.ts';
import { Load, type Heard } from './chat/load.ts';
import { startOurs } from './chat/ourSide.ts';
import type { Side } from './chat/sides.ts';
import { cpuSecondsByRole, median, percentile, printRows } from './measure.ts';

const PAIRS = 200;
const RATE = 500;
const WARM_SEC = 5;
const RATE_SEC = 20;
/** So long that nobody comes near what one connection may say in `perSocketSec`. */
const TALK_SEC = 5;
const BAR_MS = 100;

interface Figures {
  readonly medianMs: number;
  readonly p99Ms: number;
  /** CPU time for each message: of both processes that are connected to, and of everybody else who takes part. */
  readonly serversMs: number;
  readonly postgresMs: number;
  readonly redisMs: number;
  readonly clientsMs: number;
  /** Messages a second when each pair talks back and forth. */
  readonly perSec: number;
  /** Messages that were lost, refused, heard twice or in the wrong order, or not stored. */
  readonly wrong: number;
}

/**
 * Messages between 200 pairs, the two of each at different processes: 500 a second, each at its time, from the moment it
 * was due until the other person's client had it; then as many as go. Clients, servers, PostgreSQL and Redis share the machine.
 */
export async function run(rounds = 1): Promise<boolean> {
  const [ours, bare]: [Figures[], Figures[]] = [[], []];
  for (let round = 0; round < rounds; round++) {
    bare.push(await figuresOf(await startBare(PAIRS)));
    ours.push(await figuresOf(await startOurs(PAIRS)));
    console.log('bare', bare.at(-1), 'ours', ours.at(-1));
  }
  return print(ours, bare);
}

async function figuresOf(side: Side): Promise<Figures> {
  try {
    const load = new Load(side.pairs);
    const warm = await load.atRate(RATE, WARM_SEC);
    const before = cpuSeconds(side);
    const heard = await load.atRate(RATE, RATE_SEC);
    const after = cpuSeconds(side);
    const each = (role: Role): number =>
      (((after.get(role) ?? 0) - (before.get(role) ?? 0)) * 1_000) / (RATE * RATE_SEC);
    await delay(socketLimits.perSocketSec * 1_000);
    const talk = await load.backAndForth(TALK_SEC);
    const wrong = [warm, heard, talk.heard].reduce((sum, one) => sum + wrongOf(one), 0);
    const refusal = warm.refusal ?? heard.refusal ?? talk.heard.refusal;
    if (refusal !== null) console.log(`the first refusal: ${refusal}`);
    const unstored = load.count - ((await side.countStored()) ?? load.count);
    return {
      medianMs: percentile(heard.delaysMs, 50),
      p99Ms: percentile(heard.delaysMs, 99),
      serversMs: each('servers'),
      postgresMs: each('postgres'),
      redisMs: each('redis'),
      clientsMs: each('clients'),
      perSec: talk.perSec,
      wrong: wrong + Math.abs(unstored),
    };
  } finally {
    await side.close();
  }
}

type Role = 'servers' | 'postgres' | 'redis' | 'clients';

/** Seconds so far of all who share the machine. */
function cpuSeconds({ pids }: Side): Map<string, number> {
  return cpuSecondsByRole(process.pid, (pid, commandLine): Role => {
    if (pids.includes(pid)) return 'servers';
    if (/postgres/.test(commandLine)) return 'postgres';
    return /redis/.test(commandLine) ? 'redis' : 'clients';
  });
}

const wrongOf = ({ wrong }: Heard): number => Object.values(wrong).reduce((sum, count) => sum + count, 0);

function print(ours: readonly Figures[], bare: readonly Figures[]): boolean {
  const [us, them] = [middle(ours), middle(bare)];
  const against = (value: number, other: number, unit: string, digits: number): string => {
    const ratio = other === 0 ? '' : `${(value / other).toFixed(2)}×, `;
    return `${ratio}${value.toFixed(digits)} against ${other.toFixed(digits)} ${unit}`;
  };
  const p99 = `${us.p99Ms.toFixed(1)} ms (median ${us.medianMs.toFixed(1)}; bare ${them.p99Ms.toFixed(1)}, ${them.medianMs.toFixed(1)})`;
  const wrong = [...ours, ...bare].reduce((sum, figures) => sum + figures.wrong, 0);
  const rows = [
    { name: `delivery at ${RATE}/s, p99`, value: p99, bar: `≤ ${BAR_MS} ms`, ok: us.p99Ms <= BAR_MS },
    {
      name: 'lost, doubled, disordered, refused or not stored',
      value: `${wrong}`,
      bar: '0',
      ok: wrong === 0,
    },
    ...(['servers', 'postgres', 'redis', 'clients'] as const).map((role) => ({
      name: `CPU of ${role} a message`,
      value: against(us[`${role}Ms`], them[`${role}Ms`], 'ms', 2),
      bar: '–',
      ok: true,
    })),
    {
      name: 'back and forth, messages a second',
      value: against(us.perSec, them.perSec, '/s', 0),
      bar: '–',
      ok: true,
    },
  ];
  printRows('chat-dm', rows);
  return rows.every(({ ok }) => ok);
}

function middle(all: readonly Figures[]): Omit<Figures, 'wrong'> {
  const of = (key: keyof Figures): number => median(all.map((figures) => figures[key]));
  return {
    medianMs: of('medianMs'),
    p99Ms: of('p99Ms'),
    serversMs: of('serversMs'),
    postgresMs: of('postgresMs'),
    redisMs: of('redisMs'),
    clientsMs: of('clientsMs'),
    perSec: of('perSec'),
  };
}
