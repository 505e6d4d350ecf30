import type { BeepSample, FrameSample } from './pageProbe.ts';

export interface AvOffset {
  /** For each flash that has its beep: beep minus flash, positive when the sound comes late. */
  readonly offsetsMs: readonly number[];
  readonly medianMs: number;
  /** The offset furthest from zero. */
  readonly worstMs: number;
}

interface Flash {
  /** Last dark and first white picture: the flash began after the one and not after the other. */
  readonly darkSec: number;
  readonly whiteSec: number;
}

const bright = 170;
/** A longer step between two pictures means that some were dropped, and the flash may have begun in one of them. */
const longestFrameSec = 0.055;
/** With more pictures dropped than this the flash may have been another one. */
const longestStepSec = 0.3;
/** Both happen once a second, so half a second is the reach. */
const reachMs = 500;
/** So many flashes with dropped pictures bound an offset as well as one without. */
const enoughBounds = 8;

/** Where the picture turned white. */
export function flashesOf(frames: readonly FrameSample[]): Flash[] {
  return frames.flatMap((frame, i) => {
    const before = frames[i - 1];
    if (!before || before.brightness >= bright || frame.brightness < bright) return [];
    const flash = { darkSec: before.mediaTimeSec, whiteSec: frame.mediaTimeSec };
    const stepSec = flash.whiteSec - flash.darkSec;
    return stepSec > 0 && stepSec <= longestStepSec ? [flash] : [];
  });
}

/**
 * Pairs each flash with the nearest beep; empty until `wanted` offsets are known. A machine under load drops
 * pictures: then the first white one may be late, and beep minus white is only a lower bound of the offset. Exact
 * offsets are used alone when there are enough of them; else, from many bounds, the highest is the offset (that
 * of the flash that was seen soonest).
 */
export function avOffset(frames: readonly FrameSample[], beeps: readonly BeepSample[], wanted = 1): AvOffset {
  const pairs = flashesOf(frames).flatMap(({ darkSec, whiteSec }) => {
    const distances = beeps.map((beep) => (beep.mediaTimeSec - whiteSec) * 1000);
    const nearest = distances.sort((a, b) => Math.abs(a) - Math.abs(b))[0];
    if (nearest === undefined || Math.abs(nearest) >= reachMs) return [];
    return [{ offsetMs: nearest, exact: whiteSec - darkSec <= longestFrameSec }];
  });
  const exact = pairs.filter((pair) => pair.exact).map((pair) => pair.offsetMs);
  if (exact.length >= wanted) return summary(exact);
  const bounds = pairs.map((pair) => pair.offsetMs);
  return summary(bounds.length >= Math.max(enoughBounds, 2 * wanted) ? [Math.max(...bounds)] : []);
}

function summary(offsetsMs: readonly number[]): AvOffset {
  const sorted = offsetsMs.toSorted((a, b) => a - b);
  const worstMs = offsetsMs.toSorted((a, b) => Math.abs(b) - Math.abs(a))[0] ?? Number.NaN;
  return { offsetsMs, medianMs: sorted[sorted.length >> 1] ?? Number.NaN, worstMs };
}
