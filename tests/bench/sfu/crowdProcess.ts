import * as mediasoup from 'mediasoup';
import type { types } from 'mediasoup';
import { mediaCodecs } from '../../../sfu/src/rooms/mediaCodecs.ts';
import { participantOf, type ServerAddress } from './sfuServers.ts';
import { SyntheticCamera } from './SyntheticCamera.ts';
import { udpDrops } from './udpDrops.ts';
import { Viewer } from './Viewer.ts';

/** What the benchmark asks of the crowd. */
export type CrowdCommand =
  | {
      readonly type: 'attend';
      readonly address: ServerAddress;
      readonly workerBin: string;
      /** With a camera; else there are only viewers here. */
      readonly publishes: boolean;
    }
  /** `everyMs`: one begins to join each so many milliseconds; null: one after the other. */
  | { readonly type: 'join'; readonly count: number; readonly everyMs: number | null }
  | { readonly type: 'count'; readonly durationMs: number };
export type CrowdReport =
  | { readonly type: 'attending' }
  | ({ readonly type: 'joined' } & Joined)
  | ({ readonly type: 'counted' } & Counted);

/** Times from beginning to connect; infinite for who got nothing in time. */
export interface Joined {
  readonly toMediaMs: readonly number[];
  readonly toPictureMs: readonly number[];
  /** When the camera was asked for a key frame meanwhile. */
  readonly keyFramesAskedMs: readonly number[];
  readonly tookMs: number;
}

/** Packets of media over all viewers. */
export interface Counted {
  /** What the camera sent, for each viewer. */
  readonly due: number;
  readonly received: number;
  readonly lost: number;
  /** What the viewers' own sockets dropped, other packets included: such a count says nothing about the sfu. */
  readonly dropped: number;
  /** How much of a core this process used. */
  readonly cpuShare: number;
}

const settleMs = 10_000;
const viewers: Viewer[] = [];
let started: { router: types.Router; address: ServerAddress; camera: SyntheticCamera | null } | null = null;
const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, Math.max(0, ms)));
const report = (message: CrowdReport): void => void process.send?.(message);

async function attend(command: Extract<CrowdCommand, { type: 'attend' }>): Promise<void> {
  const { address, workerBin, publishes } = command;
  const worker = await mediasoup.createWorker({ workerBin, logLevel: 'warn' });
  const router = await worker.createRouter({ mediaCodecs });
  const camera = publishes ? await SyntheticCamera.start(router, await participantOf(address, 'host')) : null;
  started = { router, address, camera };
  report({ type: 'attending' });
}

async function join({ count, everyMs }: Extract<CrowdCommand, { type: 'join' }>): Promise<void> {
  if (started === null) throw new Error('nobody attends');
  const { router, address, camera } = started;
  const askedBefore = camera?.keyFramesAskedMs.length ?? 0;
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
    if (joined.every(({ firstPictureMs }) => firstPictureMs !== null)) break;
  }
  report({
    type: 'joined',
    toMediaMs: joined.map(({ firstMediaMs }) => firstMediaMs ?? Number.MAX_VALUE),
    toPictureMs: joined.map(({ firstPictureMs }) => firstPictureMs ?? Number.MAX_VALUE),
    keyFramesAskedMs: camera?.keyFramesAskedMs.slice(askedBefore) ?? [],
    tookMs,
  });
}

async function count({ durationMs }: Extract<CrowdCommand, { type: 'count' }>): Promise<void> {
  const camera = started?.camera;
  if (camera === undefined || camera === null) throw new Error('nothing is published');
  const ports = new Set(viewers.map(({ port }) => port));
  const before = {
    drops: udpDrops(ports),
    cpu: process.cpuUsage(),
    sent: camera.sent,
    ms: performance.now(),
  };
  for (const viewer of viewers) viewer.reset();
  await wait(durationMs);
  const cpu = process.cpuUsage(before.cpu);
  const sum = (of: (viewer: Viewer) => number): number =>
    viewers.reduce((total, viewer) => total + of(viewer), 0);
  report({
    type: 'counted',
    due: (camera.sent - before.sent) * viewers.length,
    received: sum(({ received }) => received),
    lost: sum(({ lost }) => lost),
    dropped: udpDrops(ports) - before.drops,
    cpuShare: (cpu.user + cpu.system) / 1_000 / (performance.now() - before.ms),
  });
}

process.on('message', (message) => {
  const command = message as CrowdCommand;
  const done =
    command.type === 'attend' ? attend(command) : command.type === 'join' ? join(command) : count(command);
  done.catch((error: unknown) => {
    console.error(error);
    process.exit(1);
  });
});
// Whoever asked is gone.
process.on('disconnect', () => process.exit(1));
