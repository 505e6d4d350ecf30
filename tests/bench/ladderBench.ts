import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Publisher } from '../support/publish/Publisher.ts';
import { mediaPlaylistUrls } from '../support/playlists.ts';
import { TestStack } from '../support/TestStack.ts';
import { cpuSecondsOfTree, median, printRows } from './measure.ts';

const seconds = 60;
const bar = 1.1;

/** What OBS sends by default at 1080p30: H.264 high, a key frame every 2 s, 6 Mbit/s, AAC 48 kHz. */
async function makeSource(file: string): Promise<void> {
  const args = [
    ...['-f', 'lavfi', '-i', `testsrc2=size=1920x1080:rate=30,noise=alls=4:allf=t`],
    ...['-f', 'lavfi', '-i', 'anoisesrc=color=pink:amplitude=0.3:sample_rate=48000', '-t', String(seconds)],
    ...[
      '-c:v',
      'libx264',
      '-preset',
      'ultrafast',
      '-profile:v',
      'high',
      '-g',
      '60',
      '-keyint_min',
      '60',
      '-bf',
      '0',
    ],
    ...['-b:v', '6000k', '-maxrate', '6000k', '-bufsize', '6000k', '-pix_fmt', 'yuv420p'],
    ...['-c:a', 'aac', '-b:a', '160k', '-ac', '2', '-f', 'flv', file],
  ];
  const child = spawn('ffmpeg', ['-hide_banner', '-loglevel', 'error', '-y', ...args], { stdio: 'inherit' });
  const [code] = (await once(child, 'exit')) as [number];
  if (code !== 0) throw new Error('the source could not be made');
}

/** The same renditions by one command with ffmpeg's own HLS muxer, with the thread counts that cost least. */
export function bareArguments(source: string, folder: string): string[] {
  const rungs = [
    { size: '1280:720', kbps: 2500 },
    { size: '854:480', kbps: 1200 },
    { size: '640:360', kbps: 600 },
  ];
  const hls = (name: string): string[] => [
    ...['-f', 'hls', '-hls_time', '2', '-hls_list_size', '0', '-hls_segment_type', 'fmp4'],
    ...[
      '-hls_fmp4_init_filename',
      `${name}.mp4`,
      '-hls_segment_filename',
      join(folder, `${name}-%d.m4s`),
      join(folder, `${name}.m3u8`),
    ],
  ];
  const split = `[0:v]split=3[a][b][c];${rungs.map(({ size }, index) => `[${'abc'[index]}]scale=${size}[v${index}]`).join(';')}`;
  return [
    ...[
      '-re',
      '-threads',
      '1',
      '-i',
      source,
      '-filter_complex',
      split,
      '-map',
      '0:v',
      '-c:v',
      'copy',
      ...hls('copy'),
    ],
    ...rungs.flatMap(({ kbps }, index) => [
      ...[
        '-map',
        `[v${index}]`,
        '-c:v',
        'libx264',
        '-preset',
        'veryfast',
        '-tune',
        'zerolatency',
        '-bf',
        '0',
      ],
      ...['-sc_threshold', '0', '-force_key_frames', 'source', '-threads', '1'],
      ...['-b:v', `${kbps}k`, '-maxrate', `${kbps * 1.1}k`, '-bufsize', `${kbps}k`, ...hls(`v${index}`)],
    ]),
    ...['-map', '0:a', '-c:a', 'aac', '-b:a', '128k', '-ar', '48000', '-ac', '2', ...hls('audio')],
  ];
}

/** CPU seconds of the bare command, from its start to its end. */
function bareCpuSeconds(source: string, folder: string): number {
  // The shell's `times` tells the CPU time of its children, exactly that of the command.
  const result = spawnSync(
    'bash',
    [
      '-c',
      'ffmpeg -hide_banner -nostdin -loglevel error "$@" && times',
      'bash',
      ...bareArguments(source, folder),
    ],
    {
      encoding: 'utf8',
    },
  );
  if (result.status !== 0) throw new Error(`the bare command failed: ${result.stderr}`);
  const children = result.stdout.trim().split('\n').at(-1) ?? '';
  return [...children.matchAll(/(\d+)m([\d.]+)s/g)].reduce(
    (sum, match) => sum + Number(match[1]) * 60 + Number(match[2]),
    0,
  );
}

/** Size and pictures of each video rendition of a recording: work that was left out must not count as saved. */
async function picturesOf(hlsUrl: string): Promise<{ size: string; pictures: number }[]> {
  const urls = (await mediaPlaylistUrls(hlsUrl)).filter((url) => !url.includes('/audio/'));
  return urls.map((url) => {
    const entries = 'stream=width,height,nb_read_packets';
    const args = ['-v', 'error', '-count_packets', '-show_entries', entries, '-of', 'csv=p=0:s=x', url];
    const [width, height, pictures] = execFileSync('ffprobe', args, { encoding: 'utf8' }).trim().split('x');
    return { size: `${width}x${height}`, pictures: Number(pictures) };
  });
}

function expectWhole(found: { size: string; pictures: number }[]): void {
  const sizes = found.map(({ size }) => size).sort();
  const expected = ['1280x720', '1920x1080', '640x360', '854x480'];
  const fewest = Math.min(...found.map(({ pictures }) => pictures));
  if (sizes.join() !== expected.join() || fewest < seconds * 30 * 0.98) {
    throw new Error(`The worker did less than the command: ${JSON.stringify(found)}`);
  }
}

/** CPU seconds of the worker and all below it, from before the publish until the session has ended. */
async function workerCpuSeconds(stack: TestStack, source: string): Promise<number> {
  const api = await stack.broadcaster();
  const before = cpuSecondsOfTree(stack.pid('workers'));
  const publisher = Publisher.run(['-re', '-i', source, '-c', 'copy', '-f', 'flv', stack.publishUrl()]);
  const session = await stack.waitForLive();
  await publisher.exited;
  const { health } = await api.sessions.health({ id: session.id });
  await api.sessions.end({ id: session.id });
  await stack.waitForState(session.id, 'ended', 30_000);
  const cpu = cpuSecondsOfTree(stack.pid('workers')) - before;
  const warnings = health?.warnings.map(({ code }) => code) ?? [];
  console.log(
    `renditions ${health?.renditions.join(' ')}, speed ${health?.encoderSpeed}, warnings ${warnings.join(' ') || 'none'}`,
  );
  expectWhole(await picturesOf(session.playback.hlsUrl));
  return cpu;
}

export async function run(rounds = 3): Promise<boolean> {
  const folder = await mkdtemp(join(tmpdir(), 'maydan-bench-'));
  const source = join(folder, 'source.flv');
  const ratios: number[] = [];
  try {
    await makeSource(source);
    for (let round = 0; round < rounds; round++) {
      const stack = await TestStack.start({ env: { WORKER_CPU_BUDGET: '4' } });
      try {
        const ours = await workerCpuSeconds(stack, source);
        const bare = bareCpuSeconds(source, folder);
        ratios.push(ours / bare);
        console.log(`round ${round + 1}: worker ${ours.toFixed(1)} s, bare ffmpeg ${bare.toFixed(1)} s`);
      } finally {
        await stack.close();
      }
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  const ratio = median(ratios);
  const row = {
    name: `CPU of the worker against one bare ffmpeg, ${seconds} s of 1080p30, median of ${rounds}`,
    value: `${ratio.toFixed(2)}×`,
    bar: `≤ ${bar.toFixed(2)}×`,
    ok: ratio <= bar,
  };
  printRows('ladder', [row]);
  return row.ok;
}
