import { avOffset, flashTimes } from './avOffset.ts';

const frame = (mediaTimeSec: number, brightness: number) => ({
  mediaTimeSec,
  brightness,
  shownAtMs: 0,
  hash: '',
});
const beep = (mediaTimeSec: number) => ({ mediaTimeSec, heardAtMs: 0 });

describe('flashTimes', () => {
  it('finds the first white picture of each flash', () => {
    const frames = [frame(0.96, 60), frame(1, 250), frame(1.04, 250), frame(1.08, 60), frame(2, 60)];
    expect(flashTimes(frames)).toEqual([1]);
  });

  it('leaves out a flash whose first picture may have been dropped', () => {
    expect(flashTimes([frame(0.9, 60), frame(1.04, 250)])).toEqual([]);
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

  it('has no pairs without sound', () => {
    expect(avOffset(frames, []).offsetsMs).toEqual([]);
    expect(avOffset(frames, []).medianMs).toBeNaN();
  });
});
