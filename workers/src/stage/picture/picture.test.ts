import { PlayoutDelay } from '../room/PlayoutDelay.ts';
import { VideoInput } from '../room/VideoInput.ts';
import { NodeClock } from '../rtp/StreamClock.ts';
import { loneInput } from './loneInput.ts';
import { Passthrough } from './Passthrough.ts';
import { Steadiness } from './Steadiness.ts';

const inputOf = (codec: 'h264' | 'vp8'): VideoInput =>
  new VideoInput({ codec, node: new NodeClock(), delay: new PlayoutDelay(), askKeyFrame: () => undefined });

describe('who is passed on', () => {
  const camera = inputOf('h264');
  const person = { peerId: 'p', name: 'P', isHost: true, camera, screen: null, hasLayers: false };
  it('is somebody alone with H.264', () => {
    expect(loneInput([person])).toBe(camera);
  });
  it.each([
    ['nobody', []],
    ['two people', [person, { ...person, peerId: 'q' }]],
    ['VP8', [{ ...person, camera: inputOf('vp8') }]],
    ['a camera that is off', [{ ...person, camera: null }]],
    ['a shared screen', [{ ...person, screen: inputOf('h264') }]],
    ['layers', [{ ...person, hasLayers: true }]],
  ])('is not %s', (_name, people) => {
    expect(loneInput(people)).toBeNull();
  });
});

describe('steadiness', () => {
  it('is lost by three troubles within 20 s, for longer each time', () => {
    const steadiness = new Steadiness();
    for (const atMs of [0, 10_000, 21_000, 31_000]) steadiness.trouble(atMs);
    expect(steadiness.mayPass(31_000)).toBe(true);
    steadiness.trouble(32_000);
    expect([steadiness.mayPass(61_999), steadiness.mayPass(62_000)]).toEqual([false, true]);
    for (const atMs of [70_000, 70_001, 70_002]) steadiness.trouble(atMs);
    expect([steadiness.mayPass(130_001), steadiness.mayPass(130_002)]).toEqual([false, true]);
  });
});

describe('pictures that are passed on', () => {
  const delayMs = 250;
  /** Baseline, 320x180. */
  const parameterSets = {
    sps: Uint8Array.from(Buffer.from('6742c00dda0507ec0440000003004000000f03c50aa8', 'hex')),
    pps: Uint8Array.of(0x68, 0xce, 0x0f, 0xc8),
  };
  function start(nowMs = 0) {
    const input = inputOf('h264');
    const troubles: number[] = [];
    const pass = new Passthrough(input, nowMs, (atMs) => troubles.push(atMs));
    const give = (dueMs: number, key = false): void => {
      const data = Uint8Array.of(1);
      const picture = { timestamp: 0, key, data, ...(key ? { parameterSets } : {}) };
      input.emit('picture', picture, dueMs - delayMs);
    };
    return { pass, give, troubles };
  }
  const times = (pictures: readonly { timeMs: number }[]): number[] => pictures.map(({ timeMs }) => timeMs);

  it('come out at their times, with a configuration at key frames', () => {
    const { pass, give } = start();
    give(1_000, true);
    give(1_033);
    give(1_066);
    expect(pass.beginsBy(1_010)).toBe(true);
    const first = pass.due(1_040);
    expect(times(first)).toEqual([1_000, 1_033]);
    expect(first.map(({ record }) => record !== null)).toEqual([true, false]);
    expect(times(pass.due(1_070))).toEqual([1_066]);
  });

  it('begin with the newest key frame and only when it is due', () => {
    const { pass, give } = start();
    for (const dueMs of [1_000, 1_500, 2_000]) {
      give(dueMs, true);
      give(dueMs + 33);
    }
    give(2_500, true);
    expect(pass.beginsBy(2_040)).toBe(true);
    expect(times(pass.due(2_040))).toEqual([2_000, 2_033]);
  });

  it('do not begin with a key frame of long ago', () => {
    const { pass, give } = start();
    give(1_000, true);
    give(1_033);
    give(1_300, true);
    expect(pass.beginsBy(1_200)).toBe(false);
    expect(pass.beginsBy(1_310)).toBe(true);
    expect(times(pass.due(1_310))).toEqual([1_300]);
  });

  it('stand still when nothing comes', () => {
    const { pass, give } = start();
    give(100, true);
    pass.due(100);
    expect([pass.isStandingStill(1_600), pass.isStandingStill(1_601)]).toEqual([false, true]);
    // Not while this process stood still, and nothing could be taken.
    pass.slept(500);
    expect([pass.isStandingStill(2_100), pass.isStandingStill(2_101)]).toEqual([false, true]);
  });
});
