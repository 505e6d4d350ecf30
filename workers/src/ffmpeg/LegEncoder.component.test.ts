import { Buffer } from 'node:buffer';
import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';
import { jest } from '@jest/globals';
import { createLogger } from '@maydan/common';
import type { LegPlan } from '../ladder/planLeg.ts';
import { childrenWith, eventually } from '../source/testing/children.ts';
import { ffmpegPath, flashAndBeep } from '../source/testing/media.ts';
import { legArguments } from './legArguments.ts';
import {
  LegEncoder,
  removeStaleSockets,
  warmUpEncoder,
  type EncoderExit,
  type LegEncoderOptions,
} from './LegEncoder.ts';

const plan: LegPlan = {
  renditions: [
    { id: '180p', kind: 'copy', width: 320, height: 180 },
    { id: '90p', kind: 'encode', width: 160, height: 90, bitrateBps: 150_000 },
    { id: 'audio', kind: 'audio', bitrateBps: 128_000 },
  ],
  keyFrames: 'source',
  frames: 'passthrough',
  frameRate: 30,
  deinterlace: false,
};
const command = legArguments(plan, { format: 'flv', originSec: 10, startSec: 10 }, 2);

jest.setTimeout(90_000);

describe('LegEncoder', () => {
  let clip: Buffer;
  let socketRoot: string;
  const encoders: LegEncoder[] = [];

  beforeAll(async () => {
    clip = await flashAndBeep({ seconds: 3 });
    await warmUpEncoder(ffmpegPath);
  });
  beforeEach(async () => {
    socketRoot = await mkdtemp(join(tmpdir(), 'm-'));
  });
  afterEach(async () => {
    await Promise.all(encoders.splice(0).map((encoder) => encoder.kill()));
    await rm(socketRoot, { recursive: true, force: true });
  });

  function create(changes: Partial<LegEncoderOptions> = {}): {
    encoder: LegEncoder;
    bytes: Map<string, number>;
  } {
    const log = createLogger('test', 'fatal');
    const encoder = new LegEncoder({ ffmpegPath, command, log, socketRoot, ...changes });
    encoders.push(encoder);
    const bytes = new Map<string, number>();
    encoder.on('data', (id, data) => bytes.set(id, (bytes.get(id) ?? 0) + data.length));
    return { encoder, bytes };
  }

  it('gives every rendition, ends when all is told, and leaves nothing behind', async () => {
    const { encoder, bytes } = create();
    encoder.start();
    encoder.write(clip);
    const exit = await encoder.end();
    expect(exit).toMatchObject({ reason: 'ended', code: 0 });
    expect([...bytes.keys()].sort()).toEqual(['180p', '90p', 'audio']);
    expect(Math.min(...bytes.values())).toBeGreaterThan(10_000);
    expect(await readdir(socketRoot)).toEqual([]);
    expect(await childrenWith(socketRoot)).toEqual([]);
  });

  it('gives the first fragments while the input is still open', async () => {
    const { encoder, bytes } = create();
    encoder.start();
    encoder.write(clip.subarray(0, clip.length * 0.6));
    await eventually(() => bytes.size === 3 && Math.min(...bytes.values()) > 2000);
  });

  it('is ended by kill, also before the process stands', async () => {
    const early = create().encoder;
    early.start();
    expect(await early.kill()).toMatchObject({ reason: 'killed', code: null });
    const { encoder, bytes } = create();
    encoder.start();
    encoder.write(clip);
    await eventually(() => bytes.size > 0);
    expect(await encoder.kill()).toMatchObject({ reason: 'killed' });
    expect(await childrenWith(socketRoot)).toEqual([]);
    expect(await readdir(socketRoot)).toEqual([]);
    expect(await create().encoder.kill()).toMatchObject({ reason: 'killed' });
  });

  it('says why it failed', async () => {
    const { encoder } = create();
    encoder.start();
    encoder.write(Buffer.from('this is not FLV at all, whatever the demuxer may think'));
    const exit = await encoder.end();
    expect(exit).toMatchObject({ reason: 'failed', code: 1 });
    expect(exit.stderrTail).toMatch(/FLV header error/);
    const tooLong = create({ socketRoot: join(socketRoot, 'x'.repeat(90)) }).encoder;
    tooLong.start();
    expect(await tooLong.end()).toMatchObject({ reason: 'failed', code: null });
  });

  it('ends a process that takes input but gives nothing back', async () => {
    const { encoder, bytes } = create({ hangMs: 5_000 });
    let exit: EncoderExit | null = null;
    encoder.on('exit', (how) => (exit = how));
    encoder.start();
    const half = clip.length / 2;
    encoder.write(clip.subarray(0, half));
    await eventually(() => bytes.size === 3);
    for (const pid of await childrenWith(socketRoot)) process.kill(pid, 'SIGSTOP');
    let at = half;
    await eventually(() => {
      encoder.write(clip.subarray(at, at + 100));
      at += 100;
      return exit !== null;
    }, 30_000);
    expect(exit).toMatchObject({ reason: 'hung' });
  });

  it('clears away what killed processes left, and nothing else', async () => {
    const dead = spawn(process.execPath, ['-e', '']);
    await once(dead, 'exit');
    for (const name of [
      `maydan-leg-${dead.pid}-a`,
      `maydan-leg-${process.pid}-b`,
      'maydan-leg-x',
      'other-1',
    ]) {
      await mkdir(join(socketRoot, name));
    }
    await removeStaleSockets(socketRoot);
    expect((await readdir(socketRoot)).sort()).toEqual([
      `maydan-leg-${process.pid}-b`,
      'maydan-leg-x',
      'other-1',
    ]);
  });

  it('holds its writer back while the process does not read', async () => {
    const { encoder, bytes } = create();
    encoder.start();
    encoder.write(clip.subarray(0, clip.length / 2));
    await eventually(() => bytes.size === 3);
    const pids = await childrenWith(socketRoot);
    for (const pid of pids) process.kill(pid, 'SIGSTOP');
    const rest = clip.subarray(clip.length / 2);
    let writes = 0;
    while (encoder.write(writes === 0 ? rest : Buffer.alloc(64 * 1024)) && writes < 100) writes += 1;
    expect(writes).toBeLessThan(40);
    const drained = once(encoder, 'drain');
    for (const pid of pids) process.kill(pid, 'SIGCONT');
    await drained;
  });
});
