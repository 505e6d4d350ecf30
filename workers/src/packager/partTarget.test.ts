import { choosePartTarget } from './partTarget.ts';

const AUDIO_FRAME_SEC = 1024 / 48_000;

describe('choosePartTarget', () => {
  it.each([
    [30, 0.25, 7],
    [30000 / 1001, 0.25, 7],
    [25, 0.25, 6],
    [24, 0.255, 6],
    [24000 / 1001, 0.255, 6],
    [50, 0.25, 12],
    [60, 0.255, 15],
    [60000 / 1001, 0.255, 15],
    [48, 0.255, 12],
    [20, 0.255, 5],
    [15, 0.275, 4],
    [10, 0.22, 2],
    [5, 0.22, 1],
    [1, 1.02, 1],
  ])('of %d frames a second is %d s, %i frames in a part', (frameRate, targetSec, frames) => {
    const chosen = choosePartTarget(frameRate, 0.25);
    expect(chosen).toBe(targetSec);
    expect(Math.floor(chosen * frameRate)).toBe(frames);
  });

  it('leaves room for times rounded to milliseconds, for every frame rate from 1 to 60', () => {
    for (let frameRate = 1; frameRate <= 60; frameRate += 0.25) {
      const targetSec = choosePartTarget(frameRate, 0.25);
      const frames = Math.floor(targetSec * frameRate);
      const partSec = frames / frameRate;
      expect(partSec + 0.001).toBeLessThanOrEqual(targetSec);
      expect(partSec - 0.001).toBeGreaterThanOrEqual(0.85 * targetSec);
      expect(partSec + 1 / frameRate - 0.001).toBeGreaterThan(targetSec);
      const audioSec = Math.floor(targetSec / AUDIO_FRAME_SEC) * AUDIO_FRAME_SEC;
      expect(audioSec).toBeGreaterThanOrEqual(0.85 * targetSec);
      expect(Number(targetSec.toFixed(5))).toBe(targetSec);
    }
  });

  it('keeps to the preferred length for audio alone, and when nothing fits', () => {
    expect(choosePartTarget(null, 0.25)).toBe(0.25);
    expect(choosePartTarget(null, 0.5)).toBe(0.5);
    expect(choosePartTarget(0.2, 0.25)).toBe(0.25);
    expect(choosePartTarget(Number.NaN, 0.25)).toBe(0.25);
  });
});
