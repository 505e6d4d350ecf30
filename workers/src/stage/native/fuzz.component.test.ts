import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { compileStageMedia } from '@maydan/infra';
import {
  forgetLabelsMessage,
  forgetMessage,
  labelMessage,
  layoutMessage,
  pictureMessage,
  tickMessage,
  type PlacedTile,
} from '../compose/composerProtocol.ts';
import type { VideoCodec } from '../rtp/PictureAssembler.ts';
import type { EncodedPicture } from '../rtp/pictures.ts';
import { testPictures, type TestPictureOptions } from '../testing/testPictures.ts';
import { messageOf, MessageReader } from './messages.ts';

/** What it does wrong ends it, and with what it says below. */
const sanitizers = [
  ...['-O1', '-g', '-fsanitize=address,undefined,float-cast-overflow'],
  ...['-fno-sanitize-recover=undefined,float-cast-overflow'],
];
const wrong = /Sanitizer|runtime error|decoding \d/;

/** Numbers below `most` that look random and are the same each time (mulberry32). */
function numbersFrom(seed: number): (most: number) => number {
  let state = seed;
  return (most) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % most;
  };
}

interface Ended {
  readonly code: number | null;
  readonly complaints: string;
  readonly replies: ReadonlyMap<number, number>;
}

/** A run of the program: told something, and then nothing more. */
class Run {
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #replies = new Map<number, number>();
  readonly ended: Promise<Ended>;
  /** Of the ports of a receiver. */
  readonly ports: number[] = [];
  #complaints = '';

  constructor(program: string, args: readonly string[]) {
    // Leaks are looked for where processes may be traced; here it would end with a complaint of its own where they may not.
    const env = { ...process.env, ASAN_OPTIONS: 'detect_leaks=0' };
    this.#child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'], env });
    const reader = new MessageReader();
    this.#child.stdin.on('error', () => undefined);
    this.#child.stdout.on('data', (bytes: Buffer) => {
      for (const { type, body } of reader.push(bytes)) {
        this.#replies.set(type, (this.#replies.get(type) ?? 0) + 1);
        if (args[0] === 'receive' && type === 1) this.ports.push(body.readUInt32LE(4));
      }
    });
    this.#child.stderr.on('data', (bytes: Buffer) => (this.#complaints += bytes.toString('utf8')));
    this.ended = once(this.#child, 'close').then(([code]: unknown[]) => ({
      ...{ code: typeof code === 'number' ? code : null, complaints: this.#complaints },
      replies: this.#replies,
    }));
  }

  tell(pieces: readonly Uint8Array[]): void {
    this.#child.stdin.write(Buffer.concat(pieces));
  }

  async end(): Promise<Ended> {
    this.#child.stdin.end();
    return await this.ended;
  }
}

/** Some bits changed, most of them in the head, or cut. */
function mutated(data: Uint8Array, random: (most: number) => number): Uint8Array {
  const result = Uint8Array.from(data);
  for (let left = random(6); left > 0; left -= 1) {
    const at = random(random(3) > 0 ? Math.min(40, result.length) : result.length);
    result[at] = random(2) === 0 ? random(256) : (result[at] ?? 0) ^ (1 << random(8));
  }
  return random(8) === 0 ? result.subarray(0, 1 + random(result.length)) : result;
}

const sources: TestPictureOptions[] = [
  { codec: 'h264', size: '320x180' },
  { codec: 'h264', size: '64x64', pixelShape: '63/1' },
  { codec: 'h264', size: '64x64', pixelShape: '1/63' },
  { codec: 'h264', size: '98x50', pixelFormat: 'yuv444p' },
  { codec: 'h264', size: '98x50', pixelFormat: 'gray' },
  { codec: 'vp8', size: '33x17' },
  { codec: 'vp8', size: '1x1' },
  { codec: 'vp9', size: '161x91' },
  { codec: 'vp9', size: '96x54', pixelFormat: 'yuv422p' },
  { codec: 'av1', size: '99x55' },
];

interface Stream {
  readonly codec: VideoCodec;
  readonly pictures: readonly EncodedPicture[];
}

function randomTiles(random: (most: number) => number): PlacedTile[] {
  return Array.from({ length: random(9) }, () => {
    const [x, y] = [2 * random(159), 2 * random(89)];
    const [width, height] = [2 * random((320 - x) / 2 + 1), 2 * random((180 - y) / 2 + 1)];
    const fit = random(2) === 0 ? 'cover' : 'contain';
    return { x, y, width, height, fit, track: random(12), label: random(4) };
  });
}

function randomLabel(random: (most: number) => number): Uint8Array[] {
  const [width, height] = [random(400), random(200)];
  const alpha = new Uint8Array(width * height).fill(random(256));
  return [...forgetLabelsMessage(), ...labelMessage(1 + random(3), { width, height, alpha })];
}

/** The next picture of one of the streams or any other, most of them mutated, some with parameter sets that are. */
function randomPicture(streams: readonly Stream[], random: (most: number) => number): Uint8Array[] {
  const at = random(streams.length);
  const { codec, pictures } = streams[at] ?? { codec: 'vp8', pictures: [] };
  const picture = pictures[random(3) === 0 ? 0 : random(pictures.length)];
  if (picture === undefined) return [];
  const { key, timestamp, parameterSets: sets } = picture;
  const data = random(4) === 0 ? picture.data : mutated(picture.data, random);
  const isWhole = sets === undefined || random(2) === 0;
  const parameterSets = isWhole ? sets : { sps: mutated(sets.sps, random), pps: mutated(sets.pps, random) };
  return [
    ...(random(30) === 0 ? forgetMessage(at + 1) : []),
    ...pictureMessage(at + 1, codec, {
      ...{ key, timestamp, data },
      ...(parameterSets === undefined ? {} : { parameterSets }),
    }),
  ];
}

describe('what reads what strangers send, built so that each mistake with memory ends it', () => {
  let folder: string;
  let program: string;
  const streams: Stream[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'maydan-fuzz-'));
    program = join(folder, 'stage-media');
    await compileStageMedia(program, sanitizers);
    for (const source of sources) streams.push({ codec: source.codec, pictures: await testPictures(source) });
  }, 120_000);
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('draws and encodes whatever pictures come', async () => {
    const random = numbersFrom(1);
    const run = new Run(program, ['compose', '320', '180', '30', '1000000', '2']);
    const ticks = 150;
    const sent: Uint8Array[] = [];
    for (let tick = 0; tick < ticks; tick += 1) {
      if (random(5) === 0) sent.push(...layoutMessage(randomTiles(random)));
      if (random(10) === 0) sent.push(...randomLabel(random));
      for (let left = random(4); left > 0; left -= 1) sent.push(...randomPicture(streams, random));
      sent.push(...tickMessage(tick));
    }
    run.tell(sent);
    const { code, complaints, replies } = await run.end();
    expect(complaints).not.toMatch(wrong);
    expect(code).toBe(0);
    // The encoder has a thread more than one, which keeps a picture.
    expect(replies.get(2)).toBe(ticks - 1);
    // Tracks were shown, and some pictures were broken.
    expect(replies.get(3)).toBeGreaterThan(3);
    expect(replies.get(4)).toBeGreaterThan(10);
  }, 120_000);

  it('ends with a reason at messages that make no sense, and quietly at half of one', async () => {
    const random = numbersFrom(3);
    for (let round = 0; round < 10; round += 1) {
      const [mode, ...args] =
        round % 4 === 0 ? ['receive', '127.0.0.1'] : ['compose', '64', '36', '10', '10000', '1'];
      const run = new Run(program, [mode ?? '', ...args]);
      const sent = Array.from({ length: 1 + random(6) }, () => {
        const body = Uint8Array.from({ length: random(60) }, () => (random(2) === 0 ? 0 : random(256)));
        return messageOf(1 + random(7), [random(4), random(4), random(8)], [body]);
      }).flat();
      run.tell(round % 5 === 0 ? [Buffer.concat(sent).subarray(0, -1)] : sent);
      const { code, complaints } = await run.end();
      expect(complaints).not.toMatch(wrong);
      expect([0, 2]).toContain(code);
      expect(complaints !== '').toBe(code === 2);
    }
  }, 120_000);

  it('receives whatever packets come, and more than it can take', async () => {
    const random = numbersFrom(4);
    const run = new Run(program, ['receive', '127.0.0.1']);
    const socket = createSocket('udp4');
    run.tell([1, 2, 3].flatMap((id) => messageOf(1, [id])));
    try {
      while (run.ports.length < 3) await new Promise((resolve) => setTimeout(resolve, 20));
      for (let at = 0; at < 3_000; at += 1) {
        const bytes = Buffer.alloc(random(10) === 0 ? random(4_000) : random(1_500), random(256));
        const port = run.ports[random(10) === 0 ? random(3) : 0] ?? 0;
        await new Promise<void>((resolve) => socket.send(bytes, port, '127.0.0.1', () => resolve()));
        if (at % 500 === 0) run.tell([...messageOf(2, [2 + random(3)]), ...messageOf(1, [4 + at])]);
      }
      // More ports than there may be: the rest is refused.
      run.tell(Array.from({ length: 140 }, (_, at) => messageOf(1, [10_000 + at])).flat());
      while (run.ports.length < 149) await new Promise((resolve) => setTimeout(resolve, 20));
      expect(run.ports.filter((port) => port === 0).length).toBeGreaterThan(10);
    } finally {
      socket.close();
    }
    const { code, complaints, replies } = await run.end();
    expect(complaints).not.toMatch(wrong);
    expect(code).toBe(0);
    expect(replies.get(2)).toBeGreaterThan(0);
  }, 120_000);
});
