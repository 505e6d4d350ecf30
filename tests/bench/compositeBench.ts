import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { layoutOf } from '../../workers/src/stage/compose/layout.ts';
import { encodeClip, type Clip } from '../../workers/src/stage/testing/clip.ts';
import { lumaOf } from '../../workers/src/stage/testing/watch.ts';
import { startBare, type Running, type Scene } from './composite/bareComposite.ts';
import { startOurs } from './composite/ourComposite.ts';
import { cpuSecondsByRole, median, printRows, type BenchRow } from './measure.ts';

const bar = 1.15;
const settleMs = 8_000;
const option = (name: string, usual: number): number =>
  Number(process.argv.find((one) => one.startsWith(`--${name}=`))?.split('=')[1] ?? usual);
const measureMs = option('seconds', 40) * 1_000;
const [height, frameRate] = [720, 30];
const names = ['Layla', 'Omar', 'Nadia', 'Yusuf'];

/** Cameras as browsers send them to a stage: 640x360 H.264 at 900 kbit/s that moves, and sound that is never silent. */
async function makeCameras(): Promise<Clip[]> {
  const options = { codec: 'h264', durationSec: 10, keyFrameIntervalSec: 2, bitrateKbps: 900 } as const;
  return Promise.all(
    names.map((_, at) =>
      encodeClip(
        `testsrc2=size=640x360:rate=${frameRate}:duration=10,noise=alls=4:allf=t:all_seed=${at},hue=h=${at * 70}`,
        `anoisesrc=color=pink:amplitude=0.1:sample_rate=48000:duration=10:seed=${at + 1}`,
        options,
      ),
    ),
  );
}

/** Less was made than there should be: the machine stood still, and the round says nothing. */
class Shortfall extends Error {}
const mostAttempts = 4;

interface Cost {
  /** CPU seconds for each second of media: cores. */
  readonly cores: number;
  /** Of the encoded picture: who leaves something out has less to encode. */
  readonly kbps: number;
  readonly byRole: ReadonlyMap<string, number>;
}

/** Who takes the time, by what an ffmpeg is told to do. */
function roleOf(commandLine: string): string {
  if (commandLine.includes(' compose ')) return 'composer';
  if (commandLine.includes(' aac ')) return 'sound encoder';

  if (commandLine.includes(' receive ')) return 'receiver';
  return 'Node';
}

async function measure({ pid, meter }: Running): Promise<Cost> {
  await meter.advance(settleMs);
  const begin = { roles: cpuSecondsByRole(pid, (_, line) => roleOf(line)), atMs: meter.pictureMs };
  const before = { pictures: meter.pictures, sounds: meter.sounds, bytes: meter.pictureBytes };
  await meter.advance(measureMs);
  const seconds = (meter.pictureMs - begin.atMs) / 1_000;
  const byRole = new Map<string, number>();
  for (const [role, cpu] of cpuSecondsByRole(pid, (_, line) => roleOf(line))) {
    byRole.set(role, (cpu - (begin.roles.get(role) ?? 0)) / seconds);
  }
  const [pictures, sounds] = [meter.pictures - before.pictures, meter.sounds - before.sounds];
  // Work that was left out must not count as saved.
  if (pictures < seconds * frameRate * 0.97 || sounds < (seconds * 48_000 * 0.97) / 1_024) {
    throw new Shortfall(`${pictures} pictures and ${sounds} frames of sound in ${seconds.toFixed(1)} s`);
  }
  const kbps = ((meter.pictureBytes - before.bytes) * 8) / 1_000 / seconds;
  return { kbps, cores: [...byRole.values()].reduce((sum, cores) => sum + cores, 0), byRole };
}

/** Everybody is seen in the picture: a tile without its camera is dark and flat. */
async function expectEverybody(file: string, people: number): Promise<void> {
  const shown = Array.from({ length: people }, (_, at) => ({
    peerId: String(at),
    isHost: at === 0,
    sharesScreen: false,
    hasCamera: true,
  }));
  for (const tile of layoutOf(shown, { width: (height * 16) / 9, height }, 'grid')) {
    const lumas = await lumaOf(file, tile, 'YMAX');
    if (median(lumas.map(({ luma }) => luma)) < 200 || lumas.length === 0)
      throw new Error(`nobody is seen at ${tile.x}, ${tile.y}`);
  }
}

/** Both at the same time, so that whatever else the machine does slows them alike. */
async function round(scene: Scene, folder: string): Promise<{ ours: Cost; bare: Cost }> {
  const ours = await startOurs(scene);
  try {
    const bare = await startBare(scene, folder);
    try {
      const [ourCost, bareCost] = await both(measure(ours), measure(bare));
      await expectEverybody(await ours.recordTo(1_000), scene.people.length);
      return { ours: ourCost, bare: bareCost };
    } finally {
      await bare.close();
    }
  } finally {
    await ours.close();
  }
}

/** Waits for both also when one fails, since what they measure is closed behind it. */
async function both(first: Promise<Cost>, second: Promise<Cost>): Promise<[Cost, Cost]> {
  await Promise.allSettled([first, second]);
  return [await first, await second];
}

/** Rounds in which either left something out are made again. */
async function wholeRound(scene: Scene, folder: string): Promise<{ ours: Cost; bare: Cost }> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await round(scene, folder);
    } catch (error) {
      if (!(error instanceof Shortfall) || attempt === mostAttempts) throw error;
      console.log(`a round that doesn't count: ${error.message}`);
    }
  }
}

const cores = (value: number): string => value.toFixed(3);

async function compare(clips: readonly Clip[], rounds: number, folder: string): Promise<BenchRow> {
  const people = clips.map((clip, at) => ({ name: names[at] ?? '', clip }));
  const scene: Scene = { people, height, frameRate };
  const found: { ours: Cost; bare: Cost }[] = [];
  for (let index = 0; index < rounds; index += 1) {
    const { ours, bare } = await wholeRound(scene, folder);
    found.push({ ours, bare });
    const roles = [...ours.byRole].map(([role, share]) => `${role} ${cores(share)}`).join(', ');
    console.log(
      `${people.length} people, round ${index + 1}: ours ${cores(ours.cores)} cores (${roles}), bare ffmpeg ${cores(bare.cores)}, ` +
        `${(ours.cores / bare.cores).toFixed(3)}×; ${ours.kbps.toFixed(0)} and ${bare.kbps.toFixed(0)} kbit/s`,
    );
  }
  const ratio = median(found.map(({ ours, bare }) => ours.cores / bare.cores));
  const name = `CPU of composing ${people.length} people (640x360 to ${height}p${frameRate}) against one bare ffmpeg, median of ${rounds}`;
  return { name, value: `${ratio.toFixed(2)}×`, bar: `≤ ${bar.toFixed(2)}×`, ok: ratio <= bar };
}

/**
 * CPU of a stage of two to four people (`--people=4`: of four alone), RTP in and FLV out, against one ffmpeg that does the same
 * of the same RTP. `--seconds`: of each measurement.
 */
export async function run(rounds = 3): Promise<boolean> {
  const folder = await mkdtemp(join(tmpdir(), 'maydan-bench-'));
  try {
    const clips = await makeCameras();
    const rows: BenchRow[] = [];
    for (let count = option('people', 2); count <= names.length; count += 1)
      rows.push(await compare(clips.slice(0, count), rounds, folder));
    printRows('composite', rows);
    return rows.every(({ ok }) => ok);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
