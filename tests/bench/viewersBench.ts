import { setTimeout as delay } from 'node:timers/promises';
import { viewingIntervalSec, viewingTtlSec } from '@maydan/contracts';
import { Life } from '../../api/src/testing/Life.ts';
import { TestBackend } from '../../api/src/testing/TestBackend.ts';
import { ViewingTokens } from '../../api/src/viewing/ViewingTokens.ts';
import { KeptClient } from './KeptClient.ts';
import { cpuSecondsByRole, printRows, type BenchRow } from './measure.ts';

const VIEWERS = 20_000;
/** Every tenth watches with two players, and is one viewer. */
const TWICE = 10;
const SECONDS = 45;
const LEAVING = 5_000;
const CPU_BAR = 0.1;
const COUNT_BAR = 0.01;
const path = '/api/v1/viewing/heartbeat';

/**
 * 20,000 viewers of a session whose players say so each 15 seconds over kept connections, as a proxy in front has them: what that
 * costs the api and Redis, and how right the count is, also after a quarter of them vanished.
 */
export async function run(): Promise<boolean> {
  const backend = await TestBackend.start();
  try {
    const api = await backend.startProcess(0, { LOG_LEVEL: 'info' });
    const maker = await backend.startApi({ LOG_LEVEL: 'error' });
    const { sessionId } = await (await Life.create(backend, () => maker)).goLive();
    const counted = async (): Promise<number> =>
      (await maker.client.sessions.get({ id: sessionId })).viewers.concurrent;
    const crowd = new Crowd(api.url, sessionId);
    try {
      await crowd.watch(viewingIntervalSec, VIEWERS);
      const [before, startedAt] = [cpuSeconds(api.pid), performance.now()];
      await crowd.watch(SECONDS, VIEWERS);
      const [after, tookSec] = [cpuSeconds(api.pid), (performance.now() - startedAt) / 1_000];
      const all = await counted();
      const left = VIEWERS - LEAVING;
      await crowd.watch(viewingTtlSec + 5, left);
      const rows = [
        cpuRow('of a core for the api', (after.api - before.api) / tookSec, CPU_BAR),
        cpuRow('of a core for Redis', (after.redis - before.redis) / tookSec, null),
        countRow(`counted of ${VIEWERS} viewers`, all, VIEWERS),
        countRow(`counted once ${LEAVING} of them vanished`, await counted(), left),
        { name: 'heartbeats refused', value: `${crowd.refused}`, bar: '0', ok: crowd.refused === 0 },
      ];
      printRows('viewers', rows);
      return rows.every(({ ok }) => ok);
    } finally {
      crowd.close();
    }
  } finally {
    await backend.close();
  }
}

/** Viewers with the tokens that the api would have given them. */
class Crowd {
  refused = 0;
  readonly #client: KeptClient;
  readonly #tokens: readonly string[];
  #next = 0;

  constructor(url: string, sessionId: string) {
    // Each is answered when Redis has it, a quarter of a second later at most.
    this.#client = new KeptClient(url, 1_024);
    const tokens = new ViewingTokens(TestBackend.accessTokenSecret);
    this.#tokens = Array.from({ length: VIEWERS }, () => {
      const { viewer } = tokens.ofDevice(undefined);
      return tokens.mint({ sessionId, viewer });
    });
  }

  /** The first so many of them watch for so long, evenly in time. */
  async watch(seconds: number, count: number): Promise<void> {
    const perSec = count / viewingIntervalSec;
    const startedAt = performance.now();
    const asked: Promise<void>[] = [];
    for (let done = 0; done < seconds * perSec;) {
      const due = Math.min(seconds, (performance.now() - startedAt) / 1_000) * perSec;
      for (; done < due; done++) asked.push(...this.#beat(this.#next++ % count));
      await delay(5);
    }
    await Promise.all(asked);
  }

  close(): void {
    this.#client.close();
  }

  #beat(index: number): Promise<void>[] {
    const token = this.#tokens[index] ?? '';
    const times = index % TWICE === 0 ? 2 : 1;
    return Array.from({ length: times }, () =>
      this.#client.ask(path, { body: { token } }).then(
        () => undefined,
        () => void (this.refused += 1),
      ),
    );
  }
}

function cpuSeconds(apiPid: number): { api: number; redis: number } {
  const roles = cpuSecondsByRole(process.pid, (pid, commandLine) =>
    pid === apiPid ? 'api' : commandLine.includes('redis-server') ? 'redis' : '',
  );
  return { api: roles.get('api') ?? 0, redis: roles.get('redis') ?? 0 };
}

function cpuRow(name: string, share: number, bar: number | null): BenchRow {
  return {
    name,
    value: `${(share * 100).toFixed(1)} %`,
    bar: bar === null ? '–' : `≤ ${bar * 100} %`,
    ok: bar === null || share <= bar,
  };
}

function countRow(name: string, counted: number, right: number): BenchRow {
  const off = Math.abs(counted / right - 1);
  return {
    name,
    value: `${counted} (${(off * 100).toFixed(2)} % off)`,
    bar: `≤ ${COUNT_BAR * 100} % off`,
    ok: off <= COUNT_BAR,
  };
}
