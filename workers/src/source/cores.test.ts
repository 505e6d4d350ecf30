import { AudioFiller } from './AudioFiller.ts';
import { silentAacConfig } from './aacConfig.ts';
import { HealthBoard } from './HealthBoard.ts';
import { Pressure } from './Pressure.ts';
import { nameFrameRate, VideoCadence } from './VideoCadence.ts';
import { WallClock } from './WallClock.ts';

describe('VideoCadence', () => {
  const measure = (times: readonly number[], group = 30): VideoCadence => {
    const cadence = new VideoCadence();
    for (const [at, timeMs] of times.entries())
      cadence.add({ timeMs, compositionMs: 0, key: at % group === 0 });
    return cadence;
  };
  const regular = (fps: number, frames: number): number[] =>
    Array.from({ length: frames }, (_, at) => Math.round((at * 1000) / fps));

  it('measures rate, regularity and key-frame distance', () => {
    const cadence = measure(regular(30, 100));
    expect(cadence.measuredRate).toBeCloseTo(30, 1);
    expect(cadence.isConstant(30, true)).toBe(true);
    expect(cadence.isConstant(25, true)).toBe(false);
    expect(cadence.keyFrameIntervalSec).toBe(1);
    expect(measure(regular(30, 100), 1000).keyFrameIntervalSec).toBeCloseTo(3.3, 1);
    expect(measure(regular(30, 60), 1000).keyFrameIntervalSec).toBeNull();
  });

  it('tells lost frames and jitter from a constant rate', () => {
    const halved = regular(30, 100).filter((_, at) => at % 5 !== 3);
    expect(measure(halved).isConstant(30, false)).toBe(false);
    const oneLost = regular(30, 100).filter((_, at) => at !== 50);
    expect(measure(oneLost).isConstant(30, true)).toBe(false);
    expect(measure(oneLost).isConstant(30, false)).toBe(true);
    expect(measure(oneLost).measuredRate).toBeCloseTo(29.7, 1);
  });

  it('names the rate that was said when the clock agrees, else a usual one', () => {
    expect(nameFrameRate(29.98, [30000 / 1001])).toBeCloseTo(29.97, 3);
    expect(nameFrameRate(29.98, [29.97])).toBe(30000 / 1001);
    expect(nameFrameRate(24.9, [60, null])).toBe(25);
    expect(nameFrameRate(59.9, [30, 60])).toBe(60);
    expect(nameFrameRate(17.3, [])).toBe(17.3);
    expect(nameFrameRate(null, [null, 50])).toBe(50);
    expect(nameFrameRate(null, [])).toBe(30);
  });
});

describe('AudioFiller', () => {
  const data = Uint8Array.of(1);

  it('bounds what it fills at once', () => {
    const filler = new AudioFiller(silentAacConfig, 0, true);
    expect(filler.sound({ timeMs: 3_600_000, data }).length).toBeLessThan(480);
  });

  it('leaves the channels alone that it can not be silent in', () => {
    const filler = new AudioFiller({ ...silentAacConfig, channelConfig: 0 }, 0, true);
    expect(filler.sound({ timeMs: 5000, data })).toEqual([{ timeMs: 5000, data }]);
    expect(filler.pictureAt(9000)).toEqual([]);
  });
});

describe('HealthBoard', () => {
  const warning = (code: 'noAudio' | 'clockJumped') => ({ code, owner: 'source', message: code }) as const;

  it('keeps since when a warning holds, and forgets what happened after a minute', () => {
    const board = new HealthBoard();
    expect(board.hold([warning('noAudio')], 1000)).toBe(true);
    expect(board.hold([warning('noAudio')], 5000)).toBe(false);
    board.raise(warning('clockJumped'), 2000);
    board.raise(warning('clockJumped'), 9000);
    const since = (ms: number): string => new Date(ms).toISOString();
    expect(board.list(10_000)).toEqual([
      { ...warning('noAudio'), since: since(1000) },
      { ...warning('clockJumped'), since: since(2000) },
    ]);
    expect(board.hold([], 70_000)).toBe(true);
    expect(board.list(70_000)).toEqual([]);
  });
});

describe('WallClock', () => {
  it('goes by the tags that came soonest, and forgets them in time', () => {
    const clock = new WallClock();
    for (let at = 0; at < 2000; at += 100) clock.add(at, 50_000);
    for (let at = 2000; at < 30_000; at += 100) clock.add(at, 48_500 + at + (at % 300));
    expect(clock.at(0)).toBe(48_500);
    for (let at = 30_000; at < 60_000; at += 100) clock.add(at, 49_000 + at);
    expect(clock.at(0)).toBe(49_000);
  });
});

describe('Pressure', () => {
  it('takes a start or a burst for what it is, and a lasting wait for overload', () => {
    const pressure = new Pressure(0);
    pressure.paused(100);
    pressure.resumed(1900);
    expect(pressure.judge(2000)).toBe('fine');
    pressure.paused(2100);
    expect(pressure.judge(4000)).toBe('slow');
    pressure.resumed(4100);
    expect(pressure.judge(6000)).toBe('fine');
    pressure.paused(6000);
    expect([8000, 10_000, 12_000, 14_000, 16_000].map((at) => pressure.judge(at))).toEqual([
      'fine',
      'slow',
      'slow',
      'overloaded',
      'fine',
    ]);
  });
});
