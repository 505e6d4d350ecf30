import { frameBytes } from '../video/FramePool.ts';
import type { CanvasSize } from './layout.ts';

/** A raw yuv420p picture (planes Y, U, V without padding). */
export interface Yuv extends CanvasSize {
  readonly bytes: Buffer;
}

export interface Place {
  /** Even. */
  readonly x: number;
  readonly y: number;
}

/** Limited-range colours (BT.601 and BT.709 alike for grey). */
export const black = { y: 16, u: 128, v: 128 } as const;
export const placeholderColour = { y: 40, u: 132, v: 126 } as const;

/** The planes of a picture as offset, row length and rows. */
export function planes({ width, height }: CanvasSize): { offset: number; width: number; height: number }[] {
  const luma = width * height;
  const half = { width: width / 2, height: height / 2 };
  return [
    { offset: 0, width, height },
    { offset: luma, ...half },
    { offset: luma + luma / 4, ...half },
  ];
}

export function blankPicture(
  size: CanvasSize,
  { y, u, v }: { y: number; u: number; v: number } = black,
): Yuv {
  const bytes = Buffer.alloc(frameBytes(size.width, size.height));
  const luma = size.width * size.height;
  bytes
    .fill(y, 0, luma)
    .fill(u, luma, luma + luma / 4)
    .fill(v, luma + luma / 4);
  return { ...size, bytes };
}

/** Another size of the same picture, by the nearest pixel: for the moment until a decoder gives the new size. */
export function resized(picture: Yuv, size: CanvasSize): Yuv {
  const result = blankPicture(size);
  const from = planes(picture);
  for (const [index, to] of planes(size).entries()) {
    const source = from[index];
    if (source === undefined) break;
    for (let row = 0; row < to.height; row += 1) {
      const start = source.offset + Math.floor((row * source.height) / to.height) * source.width;
      const target = to.offset + row * to.width;
      for (let column = 0; column < to.width; column += 1) {
        const at = start + Math.floor((column * source.width) / to.width);
        result.bytes[target + column] = picture.bytes[at] ?? 0;
      }
    }
  }
  return result;
}

/** How strongly white text covers what is under it, 0 to 255 a pixel. */
export interface Mask extends CanvasSize {
  readonly alpha: Uint8Array;
}

/** How much of the picture stays under the dark box behind a label, of 256. */
const boxShade = 110;

/** Blends a label (no wider than `mostWidth`), white on a darkened box, into the luma of a picture; colour is taken back in the same box. */
export function blendLabel(mask: Mask, mostWidth: number, canvas: Yuv, { x, y }: Place): void {
  const { bytes, width, height } = canvas;
  const columns = Math.min(mask.width, mostWidth, width - x);
  const rows = Math.min(mask.height, height - y);
  for (let row = 0; row < rows; row += 1) {
    let at = (y + row) * width + x;
    let from = row * mask.width;
    for (let column = 0; column < columns; column += 1) {
      const shaded = 16 + ((((bytes[at] ?? 16) - 16) * boxShade) >> 8);
      const alpha = mask.alpha[from] ?? 0;
      bytes[at] = shaded + (((235 - shaded) * alpha) >> 8);
      at += 1;
      from += 1;
    }
  }
  for (const plane of planes(canvas).slice(1)) {
    for (let row = 0; row < rows >> 1; row += 1) {
      const start = plane.offset + ((y >> 1) + row) * plane.width + (x >> 1);
      for (let at = start; at < start + (columns >> 1); at += 1) {
        bytes[at] = 128 + ((((bytes[at] ?? 128) - 128) * boxShade) >> 8);
      }
    }
  }
}
