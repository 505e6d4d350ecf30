import { avOffset, flashesOf } from './avOffset.ts';

const frame = (mediaTimeSec: number, brightness: number) => ({
  mediaTimeSec,
  brightness,
  shownAtMs: 0,
  hash: '',
});
const beep = (mediaTimeSec: number) => ({ mediaTimeSec, heardAtMs: 0 });

describe('flashesOf', () => {
  it('finds the last dark and the first white picture of each flash', () => {
    const frames = [frame(0.96, 60), frame(1, 250), frame(1.04, 250), frame(1.08, 60), frame(2, 60)];
    expect(flashesOf(frames)).toEqual([{ darkSec: 0.96, whiteSec: 1 }]);
  });

  it('leaves out what a seek or a long pause of pictures may have made', () => {
    expect(flashesOf([frame(0.5, 60), frame(1.04, 250)])).toEqual([]);
    expect(flashesOf([frame(7, 60), frame(1, 250)])).toEqual([]);
  });
});

describe('avOffset', () => {
  const frames = [1, 2, 3].flatMap((sec) => [frame(sec - 0.04, 60), frame(sec, 250)]);

  it('is positive when the sound comes late', () => {
    const offset = avOffset(frames, [beep(1.2), beep(2.2), beep(3.25)]);
    expect(offset.medianMs).toBeCloseTo(200);
    expect(offset.worstMs).toBeCloseTo(250);
  });

  it('is negative when the sound comes early', () => {
    expect(avOffset(frames, [beep(0.95), beep(1.95), beep(2.95)]).medianMs).toBeCloseTo(-50);
  });

  it('does without a flash whose first picture was dropped while there are exact ones', () => {
    const dropped = [frame(3.9, 60), frame(4.06, 250)];
    const offset = avOffset([...frames, ...dropped], [1, 2, 3, 4].map(beep), 3);
    expect(offset.worstMs).toBeCloseTo(0);
  });

  it('takes the highest bound of many when pictures are dropped everywhere', () => {
    const lateBySec = [0.06, 0.02, 0.08, 0.05, 0.01, 0.09, 0.03, 0.07];
    const late = lateBySec.flatMap((by, i) => [frame(i + 0.9, 60), frame(i + 1 + by, 250)]);
    const beeps = lateBySec.map((_by, i) => beep(i + 1.2));
    expect(avOffset(late, beeps, 3).medianMs).toBeCloseTo(190);
    expect(avOffset(late.slice(0, 8), beeps, 3).offsetsMs).toEqual([]);
  });

  it('has no pairs without sound', () => {
    expect(avOffset(frames, []).offsetsMs).toEqual([]);
    expect(avOffset(frames, []).medianMs).toBeNaN();
  });
});
