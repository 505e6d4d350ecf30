import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { mintRelayToken } from '@maydan/common';
import { RtmpTarget } from '../../workers/src/restream/testing/RtmpTarget.ts';
import { ffmpegFeed, FlvRelay } from '../../workers/src/testing/FlvRelay.ts';
import { cpuSecondsOfTree, median, printRows } from './measure.ts';
import { endWithUs } from './origin/processes.ts';

const TARGETS = 10;
const SECONDS = 20;
const SETTLE_SECONDS = 4;
const KBPS = 6_000;
const BAR = 1;
const secret = 'bench-'.repeat(8);
const ffmpeg = process.env['FFMPEG_PATH'] ?? 'ffmpeg';

/**
 * One 1080p30 session of 6 Mbit/s goes to ten targets, each with a connection of its own to the relay: what that costs a worker, against
 * one `ffmpeg -c copy` for each target. The relay's and the targets' own time is not counted.
 */
export async function run(rounds = 3): Promise<boolean> {
  const dir = await mkdtemp(join(tmpdir(), 'maydan-bench-'));
  const file = join(dir, 'sample.flv');
  await makeSample(file);
  const play = ['-v', 'error', '-nostdin', '-stream_loop', '-1', '-re', '-i', file, '-c', 'copy'];
  const relay = await FlvRelay.create(secret, ffmpegFeed([...play, '-f', 'flv', 'pipe:1']));
  const targets = await Promise.all(Array.from({ length: TARGETS }, () => RtmpTarget.start()));
  try {
    const [ours, theirs] = [[] as number[], [] as number[]];
    for (let round = 0; round < rounds; round++) {
      ours.push(await measure(targets, [startPusher(relay, targets)]));
      theirs.push(
        await measure(
          targets,
          targets.map((target) => startCopy(relay, target)),
        ),
      );
    }
    const ratio = median(ours) / median(theirs);
    const percent = (shares: number[]): string => shares.map((share) => (share * 100).toFixed(2)).join(', ');
    printRows('restream', [
      { name: `% of a core for a target of ${KBPS} kbit/s`, value: percent(ours), bar: '–', ok: true },
      { name: '% of a core for `ffmpeg -c copy`', value: percent(theirs), bar: '–', ok: true },
      {
        ...{ name: 'against ffmpeg', value: `${ratio.toFixed(2)}×`, bar: `≤ ${BAR}×` },
        ok: ratio <= BAR,
      },
    ]);
    return ratio <= BAR;
  } finally {
    await Promise.all(targets.map((target) => target.close()));
    await relay.close();
    await rm(dir, { recursive: true, force: true });
  }
}

/** Filled up to its rate, so that it is what it says. */
async function makeSample(file: string): Promise<void> {
  const rate = ['-b:v', `${KBPS}k`, '-minrate', `${KBPS}k`, '-maxrate', `${KBPS}k`, '-bufsize', `${KBPS}k`];
  await promisify(execFile)(ffmpeg, [
    ...['-v', 'error', '-f', 'lavfi', '-i', 'testsrc2=s=1920x1080:r=30', '-f', 'lavfi', '-i', 'sine=r=48000'],
    ...['-t', '10', '-c:v', 'libx264', '-preset', 'veryfast', '-pix_fmt', 'yuv420p', '-g', '60', ...rate],
    ...['-x264-params', 'nal-hrd=cbr:filler=1', '-c:a', 'aac', '-b:a', '160k', '-f', 'flv', file],
  ]);
}

const relayUrlOf = (relay: FlvRelay): string => relay.urlOf('bench', 1);

function startPusher(relay: FlvRelay, targets: readonly RtmpTarget[]): ChildProcess {
  const script = new URL('./restream/pusher.ts', import.meta.url).pathname;
  const urls = targets.map(({ url }) => url);
  return start(process.execPath, ['--no-warnings', script, secret, relayUrlOf(relay), ...urls]);
}

function startCopy(relay: FlvRelay, { url }: RtmpTarget): ChildProcess {
  const from = relayUrlOf(relay);
  const header = `Authorization: Bearer ${mintRelayToken(secret, new URL(from).pathname)}\r\n`;
  const input = ['-v', 'error', '-nostdin', '-headers', header, '-i', from];
  return start(ffmpeg, [...input, '-c', 'copy', '-f', 'flv', `${url}/bench`]);
}

function start(command: string, args: readonly string[]): ChildProcess {
  const child = spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit'] });
  endWithUs(child);
  return child;
}

/** Share of a core that one target takes. */
async function measure(targets: readonly RtmpTarget[], senders: readonly ChildProcess[]): Promise<number> {
  const used = (): number => senders.reduce((sum, { pid = 0 }) => sum + cpuSecondsOfTree(pid), 0);
  await delay(SETTLE_SECONDS * 1_000);
  const received = targets.map((target) => takeBytes(target));
  const [before, startedAt] = [used(), performance.now()];
  for (let second = 0; second < SECONDS; second++) {
    await delay(1_000);
    for (const [at, target] of targets.entries()) received[at] = (received[at] ?? 0) + takeBytes(target);
  }
  const seconds = (performance.now() - startedAt) / 1_000;
  const share = (used() - before) / seconds / TARGETS;
  for (const sender of senders) sender.kill('SIGKILL');
  const leastKbps = (Math.min(...received) * 8) / 1_000 / (seconds + SETTLE_SECONDS);
  if (leastKbps < KBPS * 0.8) throw new Error(`a target got ${Math.round(leastKbps)} kbit/s`);
  return share;
}

/** What came since the last time; it is not kept. */
function takeBytes({ visits }: RtmpTarget): number {
  return visits
    .flatMap(({ media }) => media.splice(0))
    .reduce((sum, { payload }) => sum + payload.byteLength, 0);
}
