import { encodeCores } from '../ladder/cost.ts';
import { rungs, videoBitrateBps } from '../ladder/rungs.ts';
import type { PictureSettings } from './picture/PictureDirector.ts';

/** Sound: mixing and one encoder. */
export const soundCores = 0.06;
/** Share of the encoder that decoding, scaling and drawing of the tiles take, measured with four people. */
const composingShare = 0.35;

/** The picture of a stage, at most that high, that fits into so many cores; the smallest one in any case. */
export function stagePlan(
  height: number,
  frameRate: number,
  freeCores: number,
): { picture: PictureSettings; cores: number } {
  const heights = [height, ...rungs.filter((rung) => rung < height)];
  const plans = heights.map((rung) => {
    const size = { width: 2 * Math.round((rung * 16) / 9 / 2), height: rung };
    const bitrateBps = videoBitrateBps(size, frameRate);
    const cores = soundCores + (1 + composingShare) * encodeCores(size, null, frameRate);
    return { picture: { size, frameRate, bitrateBps }, cores };
  });
  const fitting = plans.find(({ cores }) => cores <= freeCores) ?? plans.at(-1);
  if (fitting === undefined) throw new RangeError(`no picture of height ${height}`);
  return fitting;
}
