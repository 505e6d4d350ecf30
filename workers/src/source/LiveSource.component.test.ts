import { Buffer } from 'node:buffer';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import { createLogger } from '@maydan/common';
import { warmUpEncoder } from '../ffmpeg/LegEncoder.ts';
import {
  LiveSource,
  type EndedLeg,
  type LiveSourceOptions,
  type PlannedLeg,
  type SourceEnd,
  type SourceHealth,
} from './LiveSource.ts';
import { childrenWith, eventually } from './testing/children.ts';
import { beepTimes, ffmpegPath, flashAndBeep, flashTimes } from './testing/media.ts';

interface Seen {
  readonly source: LiveSource;
  readonly planned: PlannedLeg[];
  readonly legs: EndedLeg[];
  readonly health: SourceHealth[];
  /** Bytes by `<leg>/<rendition>`. */
  readonly bytes: Map<string, Buffer[]>;
  readonly ended: Promise<SourceEnd>;
}

jest.setTimeout(60_000);

describe('LiveSource', () => {
  let server: Server;
  let socketRoot: string;
  let answer: (response: ServerResponse) => void;
  const sources: LiveSource[] = [];
  const publishers: ChildProcess[] = [];

  beforeAll(() => warmUpEncoder(ffmpegPath));
  beforeEach(async () => {
    socketRoot = await mkdtemp(join(tmpdir(), 'm-'));
    server = createServer((_, response) => answer(response)).listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
  afterEach(async () => {
    await Promise.all(sources.splice(0).map((source) => source.close()));
    for (const publisher of publishers.splice(0)) publisher.kill('SIGKILL');
    server.closeAllConnections();
    server.close();
    await rm(socketRoot, { recursive: true, force: true });
  });

  function open(changes: Partial<LiveSourceOptions> = {}): Seen {
    const relayUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/relay/a/1.flv`;
    const log = createLogger('test', 'fatal');
    const cores = { available: 2, settle: () => undefined };
    const base = { relayUrl, mintToken: () => 'token', ffmpegPath, cores, log, socketRoot };
    const source = new LiveSource({ ...base, renditions: null, timeline: null, ...changes });
    sources.push(source);
    const seen = { source, planned: [], legs: [], health: [], bytes: new Map() } as Omit<Seen, 'ended'>;
    source.on('planned', (leg) => seen.planned.push(leg));
    source.on('legEnded', (leg) => seen.legs.push(leg));
    source.on('health', (health) => seen.health.push(health));
    source.on('data', (id, data) => {
      const key = `${seen.planned.length - 1}/${id}`;
      seen.bytes.set(key, [...(seen.bytes.get(key) ?? []), Buffer.from(data)]);
    });
    const ended = once(source, 'ended').then(([end]) => end as SourceEnd);
    source.start();
    return { ...seen, ended };
  }

  /** A publisher in real time, as a relay would pass it on. */
  function publish(response: ServerResponse, seconds: number, filter = ''): ChildProcess {
    response.writeHead(200);
    const beep = "aevalsrc='0.8*sin(2*PI*1000*t)*lt(mod(t,1),0.1)':s=44100";
    const picture = "testsrc2=s=320x180:r=30,lutyuv=y=val/3,drawbox=c=white:t=fill:enable='lt(mod(t,1),0.1)'";
    const input = ['-re', '-f', 'lavfi', '-i', picture + filter, '-re', '-f', 'lavfi', '-i', beep];
    const encode = [
      '-c:v',
      'libx264',
      '-preset',
      'ultrafast',
      '-pix_fmt',
      'yuv420p',
      '-fps_mode',
      'vfr',
      '-g',
      '30',
      '-c:a',
      'aac',
    ];
    const args = [
      '-v',
      'error',
      '-nostdin',
      ...input,
      ...encode,
      '-t',
      String(seconds),
      '-f',
      'flv',
      'pipe:1',
    ];
    const publisher = spawn(ffmpegPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    publishers.push(publisher);
    publisher.stdout.pipe(response);
    return publisher;
  }

  const movie = (seen: Seen, key: string): Buffer => Buffer.concat(seen.bytes.get(key) ?? []);

  it('gives a live publisher in sync, tells its health, and ends with it', async () => {
    answer = (response) => publish(response, 5);
    const seen = open();
    expect(await seen.ended).toMatchObject({ reason: 'ended', timeline: seen.source.timeline });
    expect(seen.planned.map(({ renditions }) => renditions.map(({ id }) => id))).toEqual([['180p', 'audio']]);
    expect(seen.legs.map(({ reason }) => reason)).toEqual(['sourceEnded']);
    const [flashes, beeps] = await Promise.all([
      flashTimes(movie(seen, '0/180p')),
      beepTimes(movie(seen, '0/audio')),
    ]);
    expect(flashes.length).toBeGreaterThanOrEqual(4);
    expect(Math.abs(flashes.length - beeps.length)).toBeLessThan(2);
    for (const [at, flash] of flashes.entries())
      expect(Math.abs(flash - (beeps[at] ?? flash))).toBeLessThan(0.1);
    const health = seen.health.findLast(({ frames }) => (frames?.received ?? 0) > 60);
    expect(health?.video).toMatchObject({ codec: 'h264', width: 320, height: 180, keyFrameIntervalSec: 1 });
    expect(health?.video?.frameRate).toBeCloseTo(30, 0);
    expect(health?.audio).toEqual({ codec: 'aac', sampleRateHz: 44100, channels: 1 });
    expect(Math.max(...seen.health.map(({ inputBitrateBps }) => inputBitrateBps))).toBeGreaterThan(50_000);
    expect(health?.frames).toMatchObject({ missing: 0, dropped: 0 });
    expect(await readdir(socketRoot)).toEqual([]);
  });

  it('tells of frames that its publisher leaves out, and of those that come late', async () => {
    let publisher: ChildProcess | undefined;
    let relay: ServerResponse | undefined;
    answer = (response) => {
      relay = response;
      publisher = publish(response, 120, ",select='lt(mod(n,5),4)'");
    };
    const seen = open();
    await eventually(() => (seen.health.at(-1)?.frames?.missing ?? 0) > 10);
    // None is missing of those that came before the rate was known: the ten seconds that are told of begin after them.
    const knownMs = performance.now();
    await eventually(() => performance.now() - knownMs > 11_000);
    // The network stalls.
    const before = seen.health.length;
    publisher?.stdout?.unpipe();
    setTimeout(() => relay !== undefined && publisher?.stdout?.pipe(relay), 1_500);
    const isEnough = ({ frames }: SourceHealth, at: number): boolean =>
      at >= before && frames !== null && frames.received > 180 && frames.late > 10;
    await eventually(() => seen.health.some(isEnough));
    publisher?.kill();
    await seen.ended;
    const { frames, warnings } = seen.health.find(isEnough) ?? {};
    const share = (frames?.missing ?? 0) / ((frames?.missing ?? 0) + (frames?.received ?? 0));
    expect(share).toBeGreaterThan(0.17);
    expect(share).toBeLessThan(0.23);
    expect(frames?.mostLateMs).toBeGreaterThan(1_000);
    const owners = Object.fromEntries((warnings ?? []).map(({ code, owner }) => [code, owner]));
    expect(owners).toMatchObject({ framesMissing: 'source', framesLate: 'source' });
  });

  it('continues a session on another connection', async () => {
    const clip = await flashAndBeep({ seconds: 2 });
    answer = (response) => response.writeHead(200).end(clip);
    const first = open();
    const { timeline } = await first.ended;
    const second = open({ renditions: first.source.renditions, timeline });
    await second.ended;
    expect(second.planned[0]?.renditions).toEqual(first.planned[0]?.renditions);
    expect(second.planned[0]?.mediaTimeSec).toBeGreaterThanOrEqual(timeline.mediaTimeSec);
    expect(second.planned[0]?.programDateTimeMs).toBeGreaterThanOrEqual(timeline.programDateTimeMs);
    expect(second.source.timeline.mediaTimeSec).toBeGreaterThan(timeline.mediaTimeSec + 1.9);
  });

  it('goes on after its encoder was killed', async () => {
    let publisher: ChildProcess | undefined;
    answer = (response) => {
      publisher = publish(response, 120);
    };
    const seen = open();
    await eventually(() => (seen.bytes.get('0/180p')?.length ?? 0) > 20);
    await killEncoders(socketRoot);
    // Three seconds of thirty pictures each, one in each piece at the most.
    await eventually(() => (seen.bytes.get('1/180p')?.length ?? 0) > 90);
    publisher?.kill();
    await seen.ended;
    expect(seen.legs.map(({ reason }) => reason)).toEqual(['encoderFailed', 'sourceEnded']);
    expect(seen.planned[1]!.mediaTimeSec).toBeGreaterThanOrEqual(seen.legs[0]!.timeline.mediaTimeSec);
    expect((await flashTimes(movie(seen, '1/180p'))).length).toBeGreaterThan(1);
    expect(seen.health.at(-1)?.warnings.map(({ code }) => code)).toContain('encoderRestarted');
  });

  it('gives up when the encoder never works', async () => {
    answer = (response) => publish(response, 30);
    const seen = open({ ffmpegPath });
    const killer = setInterval(() => {
      void killEncoders(socketRoot);
    }, 30);
    try {
      expect(await seen.ended).toMatchObject({ reason: 'encoderFailed' });
    } finally {
      clearInterval(killer);
    }
    // Between two key frames sound may go on alone for so long that a black picture begins, until the next one.
    const expected = new Set(['encoderFailed', 'videoReturned']);
    expect(seen.legs.filter(({ reason }) => !expected.has(reason))).toEqual([]);
    expect(seen.legs.at(-1)?.reason).toBe('encoderFailed');
  });

  it('is stopped with all that was taken, or closed at once', async () => {
    answer = (response) => publish(response, 20);
    for (const way of ['stop', 'close'] as const) {
      const seen = open();
      await eventually(() => (seen.bytes.get('0/180p')?.length ?? 0) > 10);
      await seen.source[way]();
      expect(await seen.ended).toMatchObject({ reason: 'stopped' });
      expect(seen.legs).toHaveLength(1);
      expect(await childrenWith(socketRoot)).toEqual([]);
      await seen.source.close();
    }
  });

  it('says what it can not take', async () => {
    answer = (response) => response.writeHead(401).end();
    expect(await open().ended).toMatchObject({ reason: 'refused' });
    const clip = await flashAndBeep({ seconds: 1 });
    answer = (response) => response.writeHead(200).end(asVp8(clip));
    const seen = open();
    expect(await seen.ended).toMatchObject({ reason: 'unsupportedCodec' });
    expect(seen.health.at(-1)?.warnings).toMatchObject([{ code: 'unsupportedVideoCodec', owner: 'source' }]);
    answer = (response) => void response.writeHead(200).write(clip.subarray(0, 2000));
    expect(await open({ stallMs: 500 }).ended).toMatchObject({ reason: 'stalled' });
  });
});

async function killEncoders(socketRoot: string): Promise<void> {
  for (const pid of await childrenWith(socketRoot)) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It ended by itself meanwhile.
    }
  }
}

/** The clip with its video tags marked as VP8 of enhanced RTMP. */
function asVp8(clip: Buffer): Buffer {
  const marked = Buffer.from(clip);
  for (let at = 13; at < marked.length; at += 15 + marked.readUIntBE(at + 1, 3)) {
    if (marked[at] === 9 && marked.readUIntBE(at + 1, 3) > 5) marked.write('\x90vp08', at + 11, 'latin1');
  }
  return marked;
}
