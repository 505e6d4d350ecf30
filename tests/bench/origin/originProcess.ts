import { noMetrics } from '../../../workers/src/origin/http/OriginMetrics.ts';
import { OriginServer } from '../../../workers/src/origin/OriginServer.ts';
import { LiveWindow } from '../../../workers/src/origin/LiveWindow.ts';
import { SyntheticFeed } from '../../../workers/src/origin/testing/SyntheticFeed.ts';
import type { MediaEvent, Rendition } from '../../../workers/src/live/events.ts';

/**
 * The origin in a process of its own for the benchmark, fed by hand over IPC or in real time. It says `ready` with
 * its port and, for each part it is told to make, the monotone time at which the part was there and the number of
 * the part that comes next.
 */
export type Command =
  | { readonly type: 'part' }
  | { readonly type: 'realTime'; readonly on: boolean }
  | { readonly type: 'awaitBlocked'; readonly count: number }
  | { readonly type: 'memory' };

export type Report =
  | { readonly type: 'ready'; readonly port: number; readonly playlist: string; readonly segment: string }
  | { readonly type: 'part'; readonly atNs: string; readonly msn: number; readonly part: number }
  | { readonly type: 'blocked' }
  | { readonly type: 'memory'; readonly rssBytes: number; readonly usedBytes: number };

const renditions: readonly Rendition[] = [
  {
    kind: 'video',
    id: '720p',
    width: 1280,
    height: 720,
    frameRate: 30,
    copied: false,
    bitrateBps: 2_500_000,
  },
  { kind: 'video', id: '480p', width: 854, height: 480, frameRate: 30, copied: false, bitrateBps: 1_200_000 },
  { kind: 'video', id: '360p', width: 640, height: 360, frameRate: 30, copied: false, bitrateBps: 700_000 },
  { kind: 'audio', id: 'audio', bitrateBps: 128_000 },
];
const PART_SEC = 0.25;
/** Short, so that the window is full after a minute and whatever still grows is a leak. */
const DVR_WINDOW_SEC = 60;
/** Half a minute of history, so that playlists have their usual length. */
const FIRST_SEGMENTS = 15;

const window = new LiveWindow({ dvrWindowSec: DVR_WINDOW_SEC, older: { open: () => Promise.resolve(null) } });
const feed = new SyntheticFeed((event: MediaEvent) => window.apply(event), {
  renditions,
  partSec: PART_SEC,
  partBytes: (rendition) => Math.round((rendition.bitrateBps * PART_SEC) / 8),
});
feed.start().segments(FIRST_SEGMENTS).parts(2);

let blocked = 0;
let awaited = 0;
const metrics = {
  ...noMetrics,
  blocked(change: number) {
    blocked += change;
    if (awaited > 0 && blocked >= awaited) tellBlocked();
  },
};

const origin = await OriginServer.create({
  host: '127.0.0.1',
  port: 0,
  directory: { find: (playbackId) => (playbackId === 'bench' ? window : null) },
  metrics,
});

const report = (message: Report): void => void process.send?.(message);

function tellBlocked(): void {
  awaited = 0;
  report({ type: 'blocked' });
}

function part(): void {
  const atNs = process.hrtime.bigint();
  feed.parts(1);
  report({ type: 'part', atNs: String(atNs), msn: feed.msn, part: feed.nextPart });
}

let timer: NodeJS.Timeout | null = null;
process.on('message', (command: Command) => {
  if (command.type === 'part') part();
  if (command.type === 'realTime') {
    if (timer) clearInterval(timer);
    timer = command.on ? setInterval(() => feed.parts(1), PART_SEC * 1000) : null;
  }
  if (command.type === 'awaitBlocked') {
    awaited = command.count;
    if (blocked >= awaited) tellBlocked();
  }
  if (command.type === 'memory') {
    globalThis.gc?.();
    const { rss, heapUsed, external } = process.memoryUsage();
    report({ type: 'memory', rssBytes: rss, usedBytes: heapUsed + external });
  }
});
process.on('disconnect', () => process.exit(0));
report({
  type: 'ready',
  port: origin.port,
  playlist: '/hls/bench/720p/index.m3u8',
  segment: `/hls/bench/720p/s${FIRST_SEGMENTS - 2}-1.m4s`,
});
