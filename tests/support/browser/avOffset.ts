import type { BeepSample, FrameSample } from './pageProbe.ts';

export interface AvOffset {
  /** For each flash that has its beep: beep minus flash, positive when the sound comes late. */
  readonly offsetsMs: readonly number[];
  readonly medianMs: number;
  /** The offset furthest from zero. */
  readonly worstMs: number;
}

const bright = 170;
/** A longer step between two pictures means that some were dropped, and the flash may have begun in one of them. */
const longestFrameSec = 0.055;

/** Times at which the picture turned white; flashes whose first picture may have been dropped are left out. */
export function flashTimes(frames: readonly FrameSample[]): number[] {
  return frames.flatMap((frame, i) => {
    const before = frames[i - 1];
    if (!before || before.brightness >= bright || frame.brightness < bright) return [];
    const stepSec = frame.mediaTimeSec - before.mediaTimeSec;
    return stepSec > 0 && stepSec <= longestFrameSec ? [frame.mediaTimeSec] : [];
  });
}

/** Pairs each flash with the nearest beep; both happen once a second, so half a second is the reach. */
export function avOffset(frames: readonly FrameSample[], beeps: readonly BeepSample[]): AvOffset {
  const offsetsMs = flashTimes(frames).flatMap((flashSec) => {
    const distances = beeps.map((beep) => (beep.mediaTimeSec - flashSec) * 1000);
    const nearest = distances.sort((a, b) => Math.abs(a) - Math.abs(b))[0];
    return nearest !== undefined && Math.abs(nearest) < 500 ? [nearest] : [];
  });
  const sorted = offsetsMs.toSorted((a, b) => a - b);
  const worstMs = offsetsMs.toSorted((a, b) => Math.abs(b) - Math.abs(a))[0] ?? Number.NaN;
  return { offsetsMs, medianMs: sorted[sorted.length >> 1] ?? Number.NaN, worstMs };
}
