import {
  blankPicture,
  columns,
  decodeTime,
  drawTime,
  encodeTime,
  readTime,
  rows,
} from '../bench/timestampVideo.ts';

describe('pictures that carry their time', () => {
  it('are read back to the millisecond', () => {
    const timeMs = 1_795_000_123_457;
    const [width, height] = [320, 180];
    const picture = blankPicture(width, height);
    drawTime(picture, width, height, timeMs);
    const centres = Array.from({ length: columns * rows }, (_, index) => {
      const x = Math.floor((((index % columns) + 0.5) * width) / columns);
      const y = Math.floor(((Math.floor(index / columns) + 0.5) * height) / rows);
      return picture[y * width + x] ?? 0;
    });
    expect(readTime(centres)).toBe(timeMs);
  });

  it('are refused when a block is wrong', () => {
    const bits = encodeTime(1_795_000_123_457);
    const wrong = bits.map((bit, index) => (index === 40 ? !bit : bit));
    expect(decodeTime(wrong)).toBeNull();
  });
});
