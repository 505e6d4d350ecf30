import { controlDocument } from '@maydan/contracts';
import type { RelayStream } from '@maydan/common';
import { FlvParser } from '../source/flv/FlvParser.ts';
import { compositeGoal, type CompositeSituation } from './compositeGoal.ts';
import { StageFlv } from './publish/StageFlv.ts';
import { consumerCapabilities } from './room/consumerCapabilities.ts';
import { PlayoutDelay } from './room/PlayoutDelay.ts';
import { stagePlan } from './stagePlan.ts';

const control = controlDocument.parse({
  ...{
    sessionId: '1d0f6a4e-64f9-4a05-9ae9-40ab1d9dc5cf',
    playbackId: 'a'.repeat(20),
    desired: 'run',
    stopReason: null,
  },
  ...{ epoch: 1, source: null, graceDeadlineAt: null, updatedAt: new Date(0).toISOString() },
});

describe('the goal of a composite', () => {
  const situation: CompositeSituation = {
    ...{ control, uncontrolledMs: 0, isPublishing: true, unshownMs: 0, hasMedia: true },
    ...{ emptyMs: 0, roomLost: false },
  };
  it.each<[string, Partial<CompositeSituation>, string]>([
    ['somebody sends', {}, 'publish'],
    ['the api has only just been told of the publish', { unshownMs: 7_000 }, 'publish'],
    ['the api has given the publish up', { unshownMs: 9_000 }, 'rest'],
    ['nothing is published', { unshownMs: 9_000, isPublishing: false }, 'publish'],
    ['nobody sent yet', { isPublishing: false, hasMedia: false }, 'rest'],
    ['the stage was empty for a moment', { hasMedia: false, emptyMs: 1_900 }, 'publish'],
    ['the stage is empty', { hasMedia: false, emptyMs: 2_000 }, 'rest'],
    [
      'the sfu was lost and people may come back',
      { hasMedia: false, emptyMs: 7_000, roomLost: true },
      'publish',
    ],
    ['the sfu was lost for good', { hasMedia: false, emptyMs: 8_000, roomLost: true }, 'rest'],
    ['the session is over', { control: { ...control, desired: 'stop' } }, 'end'],
    ['there is no control document yet', { control: null }, 'rest'],
    ['there will be no control document', { control: null, uncontrolledMs: 31_000 }, 'end'],
  ])('when %s', (_name, change, goal) => {
    expect(compositeGoal({ ...situation, ...change }).type).toBe(goal);
  });
});

describe('the playout delay', () => {
  const after = (latencies: readonly number[]): number => {
    const delay = new PlayoutDelay();
    for (const [at, latencyMs] of latencies.entries()) delay.observe(latencyMs, at * 20);
    return delay.ms;
  };

  it('stays while packets come in time, but for a few', () => {
    expect(after(Array.from({ length: 200 }, (_, at) => (at === 100 ? 900 : 60)))).toBe(250);
  });

  it('is raised for a slow way, up to a limit, and not lowered', () => {
    const slow = Array.from({ length: 200 }, () => 300);
    expect(after(slow)).toBe(380);
    expect(after([...slow, ...slow.map(() => 10)])).toBe(380);
    expect(after(slow.map(() => 4_000))).toBe(1_500);
    // A source whose clock jumped, for as long as that isn't known.
    expect(after([...slow.slice(10), ...Array.from({ length: 10 }, () => 9_000)])).toBe(380);
  });

  it('is raised by a little only as fast as sound can be stretched', () => {
    const little = (seconds: number): number => after(Array.from({ length: seconds * 50 }, () => 220));
    expect(little(3)).toBe(250);
    expect(little(6)).toBeGreaterThan(255);
    expect(little(6)).toBeLessThan(250 + 3_100 / 240);
    expect(little(30)).toBe(300);
  });
});

describe('the picture of a stage', () => {
  it('is as large as configured when there are cores, else smaller, the smallest in any case', () => {
    const sizes = [4, 0.5, 0.3, 0].map((cores) => stagePlan(720, 30, cores).picture.size);
    expect(sizes.map(({ width, height }) => `${width}x${height}`)).toEqual([
      '1280x720',
      '854x480',
      '640x360',
      '640x360',
    ]);
    expect(stagePlan(180, 30, 0).picture.size).toEqual({ width: 320, height: 180 });
  });
});

it('our consumers take what can be decoded, without retransmission', () => {
  const feedback = [
    { type: 'nack' },
    { type: 'nack', parameter: 'pli' },
    { type: 'ccm', parameter: 'fir' },
    { type: 'goog-remb' },
  ];
  const codec = { kind: 'video' as const, clockRate: 90_000, rtcpFeedback: feedback };
  const room = {
    codecs: [
      { ...codec, mimeType: 'video/VP8' },
      { ...codec, mimeType: 'video/rtx' },
    ],
    headerExtensions: [],
  };
  expect(consumerCapabilities(room)).toEqual({
    codecs: [{ ...codec, mimeType: 'video/VP8', rtcpFeedback: feedback.slice(1, 3) }],
    headerExtensions: [],
  });
});

describe('the FLV of a stage', () => {
  const record = Uint8Array.of(1, 66, 0, 30, 255, 225, 0, 0);
  const collect = (relay: RelayStream): (() => string[]) => {
    const parser = new FlvParser();
    parser.push(Uint8Array.from([0x46, 0x4c, 0x56, 1, 5, 0, 0, 0, 9, 0, 0, 0, 0]));
    const seen: string[] = [];
    relay.join({
      write: ({ kind, bytes }) => {
        for (const { timestampMs } of parser.push(bytes)) seen.push(`${kind} ${timestampMs}`);
      },
      end: () => seen.push('end'),
    });
    return () => seen;
  };
  const picture = (timeMs: number, key = false) => ({ timeMs, key, data: Uint8Array.of(1) });

  it('begins with what players need, and times never go back', () => {
    const flv = new StageFlv(1_000, 30);
    const seen = collect(flv.relay);
    flv.picture(picture(1_000, true));
    flv.config(record);
    flv.picture(picture(1_010));
    flv.picture(picture(1_033.3, true));
    flv.config(record);
    flv.picture(picture(1_020));
    flv.sound(900, Uint8Array.of(1));
    flv.sound(1_050, Uint8Array.of(1));
    flv.sound(1_050, Uint8Array.of(1));
    flv.end();
    expect(seen()).toEqual([
      ...[
        'metadata 0',
        'audioConfig 0',
        'videoConfig 0',
        'keyFrame 33',
        'frame 34',
        'audio 50',
        'audio 51',
        'end',
      ],
    ]);
  });

  it('lets sound wait for the pictures of its time, but not for ever', () => {
    const flv = new StageFlv(0, 30);
    const seen = collect(flv.relay);
    flv.sound(10, Uint8Array.of(1));
    flv.config(record);
    flv.picture(picture(20, true));
    flv.sound(21, Uint8Array.of(1));
    flv.sound(42, Uint8Array.of(1));
    expect(seen().slice(3)).toEqual(['keyFrame 20']);
    flv.picture(picture(40));
    expect(seen().slice(4)).toEqual(['frame 40', 'audio 21']);
    flv.sound(2_042, Uint8Array.of(1));
    expect(seen().slice(6)).toEqual(['audio 42']);
    flv.end();
    expect(seen().slice(7)).toEqual(['audio 2042', 'end']);
  });

  it('of sound alone waits for nothing', () => {
    const flv = new StageFlv(0, null);
    const seen = collect(flv.relay);
    flv.sound(10, Uint8Array.of(1));
    expect(seen().slice(2)).toEqual(['audio 10']);
  });

  it('lets a new configuration begin with a key frame', () => {
    const flv = new StageFlv(0, 30);
    flv.config(record);
    flv.picture(picture(0, true));
    flv.config(Uint8Array.of(1, 100, 0, 31, 255, 225, 0, 0));
    flv.picture(picture(33));
    flv.picture(picture(66, true));
    expect(flv.pictures).toBe(2);
  });
});
