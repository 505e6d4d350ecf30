import { AdtsReader } from './adts.ts';
import { softLimit, toPcm16 } from './limiter.ts';
import { Mixer } from './Mixer.ts';
import { PcmTimeline, stretched } from './PcmTimeline.ts';

const constant = (value: number, count: number): Float32Array => new Float32Array(count).fill(value);

/** What is heard from sample `from` on, on the left. */
function read(timeline: PcmTimeline, from: number, count: number): number[] {
  const left = new Float32Array(count);
  timeline.mixInto(from, left, new Float32Array(count));
  return [...left].map((value) => Math.round(value * 100) / 100);
}

describe('a timeline of sound', () => {
  it('plays what is written at its time, and once', () => {
    const timeline = new PcmTimeline();
    timeline.write(100, constant(0.5, 480), constant(0.5, 480));
    const heard = read(timeline, 0, 1_000);
    expect(heard.slice(0, 100).every((value) => value === 0)).toBe(true);
    expect(heard.slice(250, 580).every((value) => value === 0.5)).toBe(true);
    expect(heard.slice(580).every((value) => value === 0)).toBe(true);
    expect(read(timeline, 1_000, 1_000).every((value) => value === 0)).toBe(true);
  });

  it('joins packets without a seam while their times jitter', () => {
    const timeline = new PcmTimeline();
    for (const [at, jitter] of [0, 90, -120, 200, 0].entries()) {
      timeline.write(4_800 + at * 960 + jitter, constant(1, 960), constant(1, 960));
    }
    expect(timeline.end).toBe(4_800 + 5 * 960);
    expect(read(timeline, 4_800 + 100, 4_000).every((value) => value === 1)).toBe(true);
  });

  it('stretches against a drift, but not for jitter, and jumps over a real hole', () => {
    const offAfter = (packets: number, off: number): number => {
      const timeline = new PcmTimeline();
      for (let at = 0; at <= packets; at += 1) {
        timeline.write(960 * at + (at === 0 ? 0 : off), constant(1, 960), constant(1, 960));
      }
      return (timeline.end ?? 0) - 960 * (packets + 1);
    };
    expect(offAfter(8, 500)).toBe(0);
    expect(offAfter(60, 500)).toBeGreaterThan(100);
    expect(offAfter(60, -500)).toBeLessThan(-100);
    expect(offAfter(60, 300)).toBe(0);
    expect(offAfter(1, 20_000)).toBe(20_000);
  });

  it('leaves a pause of the sender silent, however short, and goes on behind it at its time', () => {
    const timeline = new PcmTimeline();
    timeline.write(0, constant(1, 960), constant(1, 960));
    timeline.skip(1_920);
    timeline.write(2_880, constant(1, 960), constant(1, 960));
    expect(timeline.end).toBe(3_840);
    const heard = read(timeline, 0, 3_840);
    expect(heard.slice(960, 2_880).every((value) => value === 0)).toBe(true);
    expect(heard.slice(2_880).every((value) => value === 1)).toBe(true);
  });

  it('drops what comes too late, and counts it', () => {
    const timeline = new PcmTimeline();
    read(timeline, 0, 2_000);
    timeline.write(1_500, constant(1, 960), constant(1, 960));
    expect(timeline.lateSamples).toBe(500);
    expect(
      read(timeline, 2_000, 460)
        .slice(100)
        .every((value) => value === 1),
    ).toBe(true);
  });

  it('forgets sound that lies absurdly far ahead', () => {
    const timeline = new PcmTimeline();
    timeline.write(10_000_000, constant(1, 960), constant(1, 960));
    expect(timeline.end).toBeNull();
  });
});

it('stretched sound keeps its ends', () => {
  const ramp = Float32Array.from({ length: 11 }, (_, at) => at);
  expect([...stretched(ramp, 21)].slice(0, 4)).toEqual([0, 0.5, 1, 1.5]);
  expect(stretched(ramp, 6).at(-1)).toBe(10);
});

describe('the limiter', () => {
  it('leaves usual loudness alone and never reaches full scale', () => {
    expect(softLimit(0.5)).toBe(0.5);
    expect(softLimit(-0.75)).toBe(-0.75);
    expect(softLimit(4)).toBeLessThanOrEqual(1);
    expect(softLimit(-1.2)).toBeGreaterThan(-1);
    expect(softLimit(1.2)).toBeGreaterThan(softLimit(1));
  });

  it('writes 16 bits of both channels', () => {
    const pcm = toPcm16(Float32Array.of(0.5, -9), Float32Array.of(0, 9));
    expect([0, 2, 4, 6].map((at) => pcm.readInt16LE(at))).toEqual([16_384, 0, -32_767, 32_767]);
  });
});

describe('the mixer', () => {
  const track = (value: number): PcmTimeline => {
    const timeline = new PcmTimeline();
    timeline.write(0, constant(value, 9_600), constant(value, 9_600));
    return timeline;
  };

  it('sums tracks, each once, however often it is added', () => {
    const mixer = new Mixer();
    const one = track(0.25);
    mixer.add('a', one);
    mixer.add('a', one);
    mixer.add('b', track(0.125));
    mixer.mixUntil(0);
    const mixed = mixer.mixUntil(4_800);
    expect(mixed?.from).toBe(0);
    expect(mixed?.pcm.readInt16LE(2_000 * 4)).toBe(Math.round(0.375 * 32_767));
    mixer.remove('b');
    expect(mixer.mixUntil(4_900)?.pcm.readInt16LE(0)).toBe(Math.round(0.25 * 32_767));
  });

  it('goes on where it ended, and leaves out what it slept through', () => {
    const mixer = new Mixer();
    mixer.mixUntil(0);
    expect(mixer.mixUntil(1_000)?.pcm.length).toBe(4_000);
    expect(mixer.mixUntil(1_000)).toBeNull();
    const late = mixer.mixUntil(200_000);
    expect([late?.from, late?.pcm.length]).toEqual([152_000, 48_000 * 4]);
  });
});

describe('ADTS', () => {
  const frame = (...data: number[]): number[] => {
    const length = 7 + data.length;
    return [
      0xff,
      0xf1,
      0x4c,
      0x80 | (length >> 11),
      (length >> 3) & 255,
      ((length & 7) << 5) | 31,
      0xfc,
      ...data,
    ];
  };

  it('is taken apart, whatever the pieces', () => {
    const bytes = Uint8Array.from([...frame(1, 2, 3), ...frame(4)]);
    for (const size of [1, 5, 9, 100]) {
      const found: number[][] = [];
      const reader = new AdtsReader((data) => found.push([...data]));
      for (let at = 0; at < bytes.length; at += size) reader.push(bytes.subarray(at, at + size));
      expect(found).toEqual([[1, 2, 3], [4]]);
    }
  });

  it('is refused when it is out of step', () => {
    expect(() => new AdtsReader(() => undefined).push(new Uint8Array(20))).toThrow(RangeError);
  });
});
