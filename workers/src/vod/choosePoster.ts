/** Limited-range black is 16; film noise and fades lie a little above it. */
const darkBelow = 28;
/** A picture of one colour says nothing about the recording. */
const flatBelow = 6;

export interface Luma {
  readonly mean: number;
  readonly deviation: number;
}

/** Mean and standard deviation of the luma plane at the beginning of a yuv420p picture. */
export function lumaOf(picture: Uint8Array, pixels: number): Luma {
  let sum = 0;
  let squares = 0;
  for (let at = 0; at < pixels; at += 1) {
    const value = picture[at] ?? 0;
    sum += value;
    squares += value * value;
  }
  const mean = sum / pixels;
  return { mean, deviation: Math.sqrt(Math.max(0, squares / pixels - mean * mean)) };
}

/**
 * Index of the picture for the poster: the one nearest to a tenth of the recording that isn't black or of one colour;
 * when all are, the one nearest to a tenth. `lumas` must not be empty.
 */
export function choosePoster(lumas: readonly Luma[]): number {
  const wanted = Math.floor(lumas.length / 10);
  const byDistance = [...lumas.keys()].sort((a, b) => Math.abs(a - wanted) - Math.abs(b - wanted));
  const good = byDistance.find((index) => {
    const luma = lumas[index];
    return luma !== undefined && luma.mean >= darkBelow && luma.deviation >= flatBelow;
  });
  return good ?? wanted;
}
