import type { Locator } from 'playwright-core';

/** A part of a picture, in shares (0 to 1) of its width and height. */
export interface PictureArea {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** Runs inside the page, so it may use nothing from outside itself. */
function measure(video: SVGElement | HTMLElement, { left, top, width, height }: PictureArea): number {
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [64, 36];
  const context = canvas.getContext('2d', { willReadFrequently: true });
  if (context === null || !(video instanceof HTMLVideoElement)) throw new Error('there is no video');
  context.drawImage(video, 0, 0, 64, 36);
  const [x, y] = [Math.round(left * 64), Math.round(top * 36)];
  const { data } = context.getImageData(x, y, Math.ceil(width * 64), Math.ceil(height * 36));
  const lumas = Array.from(
    { length: data.length / 4 },
    (_, at) => 0.3 * (data[at * 4] ?? 0) + 0.6 * (data[at * 4 + 1] ?? 0) + 0.1 * (data[at * 4 + 2] ?? 0),
  );
  return lumas.reduce((sum, luma) => sum + luma, 0) / lumas.length;
}

/** Mean luma (0 to 255) of an area of the picture that a video element shows; 0 before the first. */
export function areaLuma(video: Locator, area: PictureArea): Promise<number> {
  return video.evaluate(measure, area);
}
