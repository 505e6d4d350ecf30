import { AudioTimeline, VideoTimeline } from './SampleTimeline.ts';

const data = new Uint8Array(1);
const sample = (dts: number, cts = 0, isKey = true) => ({ dts, cts, duration: 1000, isKey, data });

describe('AudioTimeline', () => {
  const placed = (times: readonly number[]): (number | null)[] => {
    const timeline = new AudioTimeline(1024);
    return times.map((dts) => timeline.place(sample(dts))?.decodeTicks ?? null);
  };

  it('puts frames one after the other exactly, whatever their rounded times say', () => {
    expect(placed([480, 1488, 2544, 3552, 4560])).toEqual([480, 1504, 2528, 3552, 4576]);
  });

  it('keeps gaps, and leaves out frames that are too many', () => {
    expect(placed([0, 1024, 5000, 6024])).toEqual([0, 1024, 5000, 6024]);
    expect(placed([0, 1024, 1100, 2048])).toEqual([0, 1024, null, 2048]);
  });
});

describe('VideoTimeline', () => {
  it('begins with a key frame and counts from its presentation time', () => {
    const timeline = new VideoTimeline();
    expect(timeline.place(sample(0, 0, false))).toBeNull();
    expect(timeline.place(sample(3000, 6000))).toMatchObject({
      decodeTicks: 9000,
      presentTicks: 9000,
      leadTicks: 6000,
    });
    expect(timeline.place(sample(6000, 0, false))).toMatchObject({
      decodeTicks: 12000,
      presentTicks: 6000,
      leadTicks: 6000,
    });
  });
});
