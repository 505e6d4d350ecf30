import { audioLevelByte, audioLevelOf } from './audioLevel.ts';
import { opusDurationMs } from './opusDuration.ts';

describe('the level of sound', () => {
  const wave = (sample: (index: number) => number): Float32Array =>
    Float32Array.from({ length: 960 }, (_, index) => sample(index));
  const sine = (amplitude: number): Float32Array =>
    wave((index) => amplitude * Math.sin((2 * Math.PI * 1_000 * index) / 48_000));

  it('is 0 for a square wave of full scale and 3 for a sine', () => {
    expect(audioLevelOf([wave((index) => (index % 2 === 0 ? 1 : -1))])).toBe(0);
    expect(audioLevelOf([sine(1)])).toBe(3);
    expect(audioLevelOf([sine(0.1)])).toBe(23);
  });

  it('is 127 for silence and for what is softer than that can tell', () => {
    expect(audioLevelOf([wave(() => 0)])).toBe(127);
    expect(audioLevelOf([sine(1e-9)])).toBe(127);
    expect(audioLevelOf([])).toBe(127);
    expect(audioLevelOf([new Float32Array(0)])).toBe(127);
  });

  it('stays in its seven bits when a decoder overshoots', () => {
    expect(audioLevelOf([sine(4)])).toBe(0);
  });

  it('is that of the louder channel', () => {
    expect(audioLevelOf([wave(() => 0), sine(0.1)])).toBe(23);
  });

  it('says beside it whether this may be a voice', () => {
    expect(audioLevelByte(20)).toBe(0x80 | 20);
    expect(audioLevelByte(100)).toBe(100);
  });
});

it.each([
  ['SILK, 20 ms', [0x08], 20],
  ['hybrid, 10 ms, two frames', [0x61], 20],
  ['CELT, 20 ms', [0xfc], 20],
  ['CELT, 2.5 ms', [0x80], 2.5],
  ['three frames of 20 ms', [0xfb, 3], 60],
  ['nothing', [], null],
  ['no frames', [0xfb, 0], null],
  ['more than 120 ms', [0x1b, 3], null],
])('a packet of Opus tells its length: %s', (_name, bytes, durationMs) => {
  expect(opusDurationMs(Uint8Array.from(bytes))).toBe(durationMs);
});
