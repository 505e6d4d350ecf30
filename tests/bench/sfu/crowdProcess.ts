import * as mediasoup from 'mediasoup';
import type { types } from 'mediasoup';
import { mediaCodecs } from '../../../sfu/src/rooms/mediaCodecs.ts';
import { median } from '../measure.ts';
import { participantOf, type ServerAddress } from './sfuServers.ts';
import { SyntheticCamera } from './SyntheticCamera.ts';
import { Viewer } from './Viewer.ts';

/** What the benchmark asks of the crowd. */
export type CrowdCommand =
  | { readonly type: 'publish'; readonly address: ServerAddress; readonly workerBin: string }
  /** `everyMs`: one begins to join each so many milliseconds; null: one after the other. */
  | { readonly type: 'join'; readonly count: number; readonly everyMs: number | null }
  | { readonly type: 'count'; readonly durationMs: number };
export type CrowdReport =
  | { readonly type: 'published' }
  | {
      readonly type: 'joined';
      readonly medianMs: number;
      readonly keyFramesAsked: number;
      readonly tookMs: number;
    }
  | { readonly type: 'counted'; readonly viewers: number; readonly received: number; readonly lost: number }
  | { readonly type: 'failed'; readonly message: string };

const settleMs = 10_000;
const viewers: Viewer[] = [];
let started: { router: types.Router; address: ServerAddress; camera: SyntheticCamera } | null = null;
const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, Math.max(0, ms)));
const report = (message: CrowdReport): void => void process.send?.(message);

async function publish({ address, workerBin }: Extract<CrowdCommand, { type: 'publish' }>): Promise<void> {
  const worker = await mediasoup.createWorker({ workerBin, logLevel: 'warn' });
  const router = await worker.createRouter({ mediaCodecs });
  const camera = await SyntheticCamera.start(router, await participantOf(address, 'host'));
  started = { router, address, camera };
  report({ type: 'published' });
}

async function join({ count, everyMs }: Extract<CrowdCommand, { type: 'join' }>): Promise<void> {
  if (started === null) throw new Error('nothing is published');
  const { router, address, camera } = started;
  const askedBefore = camera.keyFramesAsked;
  const startedMs = performance.now();
  const joining: Promise<Viewer>[] = [];
  for (let at = 0; at < count; at += 1) {
    const joined = Viewer.join(router, address);
    joining.push(joined);
    if (everyMs === null) await joined;
    else await wait(startedMs + (at + 1) * everyMs - performance.now());
  }
  const joined = await Promise.all(joining);
  viewers.push(...joined);
  const tookMs = performance.now() - startedMs;
  for (const until = performance.now() + settleMs; performance.now() < until; await wait(20)) {
    if (joined.every(({ firstMediaMs }) => firstMediaMs !== null)) break;
  }
  const times = joined.map(({ firstMediaMs }) => firstMediaMs ?? Number.POSITIVE_INFINITY);
  report({
    type: 'joined',
    medianMs: median(times),
    keyFramesAsked: camera.keyFramesAsked - askedBefore,
    tookMs,
  });
}

async function count({ durationMs }: Extract<CrowdCommand, { type: 'count' }>): Promise<void> {
  for (const viewer of viewers) viewer.reset();
  await wait(durationMs);
  const sum = (of: (viewer: Viewer) => number): number =>
    viewers.reduce((total, viewer) => total + of(viewer), 0);
  report({
    type: 'counted',
    viewers: viewers.length,
    received: sum(({ received }) => received),
    lost: sum(({ lost }) => lost),
  });
}

process.on('message', (message) => {
  const command = message as CrowdCommand;
  const done =
    command.type === 'publish' ? publish(command) : command.type === 'join' ? join(command) : count(command);
  done.catch((error: unknown) => {
    console.error(error);
    process.exit(1);
  });
});
