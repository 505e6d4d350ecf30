/**
 * Pictures that carry the time at which they were made, as black and white blocks: what glass-to-glass latency is
 * read from. Six rows of eight blocks hold 42 bits of Unix milliseconds and 6 bits of checksum.
 */
export const columns = 8;
export const rows = 6;
const timeBits = 42;
const checkBits = columns * rows - timeBits;
const black = 16;
const white = 235;

function checksum(timeMs: number): number {
  let rest = timeMs;
  let check = 0b101101;
  while (rest > 0) {
    check = (check ^ (rest % 64)) & 63;
    rest = Math.floor(rest / 64);
  }
  return check;
}

/** Bits, most significant first: the time, then the checksum. */
export function encodeTime(timeMs: number): boolean[] {
  const bits: boolean[] = [];
  for (let bit = timeBits - 1; bit >= 0; bit--) bits.push(Math.floor(timeMs / 2 ** bit) % 2 === 1);
  for (let bit = checkBits - 1; bit >= 0; bit--) bits.push(((checksum(timeMs) >> bit) & 1) === 1);
  return bits;
}

/** The time in the bits, or null when the checksum says that they aren't whole. */
export function decodeTime(bits: readonly boolean[]): number | null {
  const timeMs = bits.slice(0, timeBits).reduce((value, bit) => value * 2 + (bit ? 1 : 0), 0);
  const check = bits.slice(timeBits).reduce((value, bit) => value * 2 + (bit ? 1 : 0), 0);
  return check === checksum(timeMs) ? timeMs : null;
}

/** Draws the time into a planar YUV 4:2:0 picture; chroma stays grey. Width and height are even. */
export function drawTime(picture: Uint8Array, width: number, height: number, timeMs: number): void {
  const bits = encodeTime(timeMs);
  const line = new Uint8Array(width);
  for (let row = 0; row < rows; row++) {
    for (let x = 0; x < width; x++) {
      line[x] = bits[row * columns + Math.floor((x * columns) / width)] === true ? white : black;
    }
    const from = Math.floor((row * height) / rows);
    const to = Math.floor(((row + 1) * height) / rows);
    for (let y = from; y < to; y++) picture.set(line, y * width);
  }
}

/** An empty picture to draw into. */
export function blankPicture(width: number, height: number): Uint8Array {
  return new Uint8Array((width * height * 3) / 2).fill(128);
}

/** Grey values (0–255) of the blocks' centres, row by row, → time. */
export function readTime(centres: readonly number[]): number | null {
  return decodeTime(centres.map((value) => value > 128));
}
