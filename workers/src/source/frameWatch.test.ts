import { FrameWatch } from './FrameWatch.ts';

const startMs = 1e12;

/** Frames of these times (ms), which come `laterMs` after them. */
function watched(
  times: readonly number[],
  { said = [], laterMs = () => 0 }: { said?: readonly number[]; laterMs?: (timeMs: number) => number } = {},
) {
  const watch = new FrameWatch();
  for (const timeMs of times) watch.add(Math.round(timeMs), startMs + timeMs + laterMs(timeMs), said);
  const lastMs = times.at(-1) ?? 0;
  return watch.counts(startMs + lastMs + laterMs(lastMs));
}
const at = (fps: number, seconds: number, fromSec = 0): number[] =>
  Array.from({ length: fps * seconds }, (_, frame) => (fromSec + frame / fps) * 1_000);

describe('the frames of a publisher', () => {
  it.each([24, 25, 30, 50, 60])('all come at %p a second, with and without a word of it', (fps) => {
    for (const said of [[], [fps]]) {
      const counts = watched(at(fps, 20), { said });
      expect(counts).toMatchObject({ missing: 0, late: 0, mostLateMs: 0, dropped: 0 });
      expect(counts.windowSec).toBeCloseTo(10, 0);
      expect(counts.received / counts.windowSec).toBeCloseTo(fps, 0);
    }
  });

  it('are not missing by jitter of a camera, nor by a rate that is said roughly', () => {
    const jittering = at(30, 20).map((timeMs, frame) => timeMs + ((frame * 7) % 21) - 10);
    expect(watched(jittering, { said: [30] }).missing).toBe(0);
    expect(watched(at(29.97, 20), { said: [30] }).missing).toBe(0);
    expect(watched(at(29.6, 20), { said: [30] }).missing).toBe(0);
  });

  it('are missing one by one, or in a row, as encoders drop them', () => {
    const each10th = at(30, 20).filter((_, frame) => frame % 10 !== 5);
    expect(watched(each10th, { said: [30] }).missing).toBeGreaterThanOrEqual(29);
    expect(watched(each10th).missing).toBeLessThanOrEqual(31);
    const inARow = at(30, 20).filter((timeMs) => timeMs < 15_000 || timeMs >= 16_500);
    expect(watched(inARow).missing).toBe(45);
  });

  it('are missing when the source gives fewer than its own rate, also steadily', () => {
    const halved = [...at(30, 10), ...at(15, 10, 10)];
    const { missing, received } = watched(halved, { said: [30] });
    expect(missing).toBeGreaterThan(140);
    expect(received).toBeLessThan(160);
    // A rate that was only said, and never kept, is none.
    expect(watched(at(24, 20), { said: [30] }).missing).toBe(0);
  });

  it('are not said to be missing when no rate is kept, or the picture was off', () => {
    const steps = [40, 90, 150, 220, 60, 180];
    let timeMs = 0;
    const irregular = at(10, 12).map((_, frame) => (timeMs += steps[frame % steps.length] ?? 0));
    expect(watched(irregular).missing).toBeNull();
    expect(watched([...at(30, 10), ...at(30, 5, 17)]).missing).toBe(0);
  });

  it('are late after a standstill of the network', () => {
    const laterMs = (timeMs: number): number => (timeMs >= 15_000 && timeMs < 16_000 ? 16_000 - timeMs : 0);
    const counts = watched(at(30, 20), { laterMs });
    expect(counts.late).toBeGreaterThanOrEqual(14);
    expect(counts.late).toBeLessThanOrEqual(16);
    expect(counts).toMatchObject({ missing: 0, mostLateMs: 1_000 });
  });

  it('are not late behind a burst with which an encoder began', () => {
    const laterMs = (timeMs: number): number => (timeMs < 600 ? -timeMs : -40 * Math.sin(timeMs));
    expect(watched(at(30, 8), { laterMs }).late).toBe(0);
  });

  it('are not late by what we held them up', () => {
    const watch = new FrameWatch();
    for (const timeMs of at(30, 5)) watch.add(timeMs, startMs + timeMs, []);
    watch.heldUp(900, startMs + 5_900);
    watch.add(5_000, startMs + 5_900, []);
    expect(watch.counts(startMs + 5_900).late).toBe(0);
    watch.add(5_033, startMs + 6_700, []);
    expect(watch.counts(startMs + 6_700)).toMatchObject({ late: 1, mostLateMs: 767 });
  });

  it('that were left out are told for ten seconds', () => {
    const watch = new FrameWatch();
    watch.add(0, startMs, []);
    watch.dropped(3);
    expect(watch.counts(startMs + 9_000).dropped).toBe(3);
    expect(watch.counts(startMs + 10_000)).toMatchObject({ dropped: 0, received: 0, windowSec: 0 });
  });
});
