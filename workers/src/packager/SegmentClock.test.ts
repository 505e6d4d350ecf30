import { SegmentClock } from './SegmentClock.ts';

const makeClock = (): SegmentClock =>
  new SegmentClock({ segmentTargetSec: 2, longestSegmentSec: 2.45, firstMsn: 5 });

/** Starts of the segments that frames of 0.1 s with these key frames lead to; forced ones are negative. */
function cutsOf(keysSec: readonly number[], untilSec: number, keyIntervalSec = 0): number[] {
  const clock = makeClock();
  const cuts: number[] = [];
  for (let frame = 0; frame < Math.round(untilSec * 10); frame += 1) {
    const startSec = frame / 10;
    const isKey = keysSec.some((keySec) => Math.abs(keySec - startSec) < 0.01);
    const found = clock.observe({ startSec, endSec: (frame + 1) / 10, isKey, keyIntervalSec });
    cuts.push(...found.map(({ startSec: cutSec, forced }) => (forced ? -cutSec : cutSec)));
  }
  return cuts;
}

describe('SegmentClock', () => {
  it('cuts at the first key frame after the target', () => {
    expect(cutsOf([0, 0.7, 2.1, 3.9, 4.3, 6.3], 8)).toEqual([0, 2.1, 4.3, 6.3]);
  });

  it('cuts earlier when the next key frame is expected too late', () => {
    expect(cutsOf([0, 1.6, 3.2, 4.8], 6, 1.6)).toEqual([0, 1.6, 3.2, 4.8]);
    expect(cutsOf([0, 0.3, 1.9, 2.3], 4, 2)).toEqual([0, 1.9]);
  });

  it('cuts without a key frame when there is no other way', () => {
    expect(cutsOf([0, 5], 6.5, 5)).toEqual([0, -2.4, -4.8, 5]);
  });

  it('cuts silence into segments, before it is over', () => {
    const clock = makeClock();
    clock.observe({ startSec: 0, endSec: 0.1, isKey: true, keyIntervalSec: 0 });
    const silent = clock.observe({ startSec: 0.1, endSec: 5, isKey: false, keyIntervalSec: 0 });
    expect(silent.map(({ msn, startSec, forced }) => [msn, startSec, forced])).toEqual([
      [6, 2, true],
      [7, 4, true],
    ]);
    expect(clock.watermarkSec).toBe(5);
  });

  it('sets no boundary where others were told that there is none', () => {
    const clock = makeClock();
    clock.observe({ startSec: 0, endSec: 2.2, isKey: true, keyIntervalSec: 0 });
    expect(clock.observe({ startSec: 2.1, endSec: 2.2, isKey: true, keyIntervalSec: 0 })).toEqual([]);
    expect(clock.observe({ startSec: 2.2, endSec: 2.3, isKey: true, keyIntervalSec: 0 })).toHaveLength(1);
  });

  it('forgets what nobody needs, but never the newest boundary', () => {
    const clock = makeClock();
    for (const startSec of [0, 2, 4]) {
      clock.observe({ startSec, endSec: startSec + 2, isKey: true, keyIntervalSec: 0 });
    }
    clock.forgetBefore(6);
    expect([clock.boundary(5), clock.boundary(6)?.startSec, clock.oldest?.msn]).toEqual([undefined, 2, 6]);
    clock.forgetBefore(99);
    expect(clock.newest).toEqual({ msn: 7, startSec: 4, forced: false });
  });
});
