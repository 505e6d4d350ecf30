import { availableParallelism } from 'node:os';
import { freePort, isPortFree } from '../embedded/freePort.ts';
import { SetupError } from '../setup/SetupError.ts';

interface PortUse {
  variable: string;
  standard: number;
  host: '0.0.0.0' | '127.0.0.1';
  /** The service itself takes free ports when it is told port 0; so does a stack of free ports. */
  ownChoice?: boolean;
  /** The service takes this one and the next, as many as this variable says (else one for each core). */
  countVariable?: string;
}

/** Every fixed port of a local stack (README, "Ports"). */
const uses = {
  api: { variable: 'API_PORT', standard: 8080, host: '0.0.0.0' },
  rtmp: { variable: 'RTMP_PORT', standard: 1935, host: '0.0.0.0' },
  rtmps: { variable: 'RTMPS_PORT', standard: 1936, host: '0.0.0.0' },
  origin: { variable: 'ORIGIN_PORT', standard: 8090, host: '0.0.0.0' },
  sfu: { variable: 'SFU_PORT', standard: 8082, host: '0.0.0.0' },
  sfuRtc: {
    variable: 'SFU_RTC_PORT',
    standard: 40_000,
    host: '0.0.0.0',
    ownChoice: true,
    countVariable: 'SFU_WORKERS',
  },
  relay: { variable: 'RELAY_PORT', standard: 8081, host: '127.0.0.1' },
  stageRelay: { variable: 'STAGE_RELAY_PORT', standard: 8091, host: '127.0.0.1' },
  apiOps: { variable: 'API_OPS_PORT', standard: 9101, host: '127.0.0.1' },
  sfuOps: { variable: 'SFU_OPS_PORT', standard: 9102, host: '127.0.0.1' },
  ingestOps: { variable: 'INGEST_OPS_PORT', standard: 9103, host: '127.0.0.1' },
  workersOps: { variable: 'WORKERS_OPS_PORT', standard: 9104, host: '127.0.0.1' },
} as const satisfies Record<string, PortUse>;

export type PortName = keyof typeof uses;
export type Ports = Record<PortName, number>;

export interface ChosenPorts {
  ports: Ports;
  /** A sentence for each port that is not the usual one because that was taken. */
  notes: string[];
}

const NEXT_PORTS = 200;
/** As the sfu has Workers. */
const defaultCount = Math.min(availableParallelism(), 64);
const names = Object.keys(uses).filter((name): name is PortName => name in uses);

/**
 * `standard`: the usual ports, the next free one where one is taken. `free`: any free ports, for tests.
 * A port that the environment fixes is taken as it is.
 * @throws SetupError when a fixed port is taken or is not a port.
 */
export async function choosePorts(mode: 'standard' | 'free', env: NodeJS.ProcessEnv): Promise<ChosenPorts> {
  const notes: string[] = [];
  const chosen = new Map<PortName, number>();
  for (const name of names) {
    const use: PortUse = uses[name];
    const fixed = env[use.variable] ?? '';
    if (fixed !== '') chosen.set(name, await fixedPort(use, fixed));
    else if (mode === 'free') chosen.set(name, use.ownChoice === true ? 0 : await freePort(use.host));
    else chosen.set(name, await nextFreePort(use, countOf(use, env), new Set(chosen.values()), notes));
  }
  return { ports: toPorts(chosen), notes };
}

async function fixedPort({ variable, host, ownChoice }: PortUse, text: string): Promise<number> {
  const port = Number(text);
  if (port === 0 && ownChoice === true) return port;
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    throw new SetupError(`${variable} is set to "${text}", which is not a port.`);
  }
  if (await isPortFree(port, host)) return port;
  throw new SetupError(
    `${variable} is set to ${port}, but another program listens there. Stop it or set another port.`,
  );
}

function countOf({ countVariable }: PortUse, env: NodeJS.ProcessEnv): number {
  return countVariable === undefined ? 1 : Number(env[countVariable]) || defaultCount;
}

async function nextFreePort(
  use: PortUse,
  count: number,
  taken: ReadonlySet<number>,
  notes: string[],
): Promise<number> {
  for (let port = use.standard; port < use.standard + NEXT_PORTS; port += count) {
    if (taken.has(port) || !(await areFree(port, count, use.host))) continue;
    if (port !== use.standard) notes.push(`Port ${use.standard} is taken, ${use.variable} is ${port}.`);
    return port;
  }
  throw new SetupError(`No free port was found from ${use.standard} on: set ${use.variable}.`);
}

async function areFree(first: number, count: number, host: string): Promise<boolean> {
  for (let port = first; port < first + count; port++) if (!(await isPortFree(port, host))) return false;
  return true;
}

function toPorts(chosen: ReadonlyMap<PortName, number>): Ports {
  const of = (name: PortName): number => chosen.get(name) ?? 0;
  return {
    api: of('api'),
    rtmp: of('rtmp'),
    rtmps: of('rtmps'),
    origin: of('origin'),
    sfu: of('sfu'),
    sfuRtc: of('sfuRtc'),
    relay: of('relay'),
    stageRelay: of('stageRelay'),
    apiOps: of('apiOps'),
    sfuOps: of('sfuOps'),
    ingestOps: of('ingestOps'),
    workersOps: of('workersOps'),
  };
}
