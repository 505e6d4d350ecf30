import { backOffMs, pause } from './backOff.ts';

describe('back-off', () => {
  const limits = { firstMs: 100, maxMs: 1_000 };

  it('doubles up to the most', () => {
    expect([1, 2, 3, 4, 5, 60].map((attempt) => backOffMs(attempt, limits, 0))).toEqual([
      100, 200, 400, 800, 1_000, 1_000,
    ]);
  });

  it('takes away at most half', () => {
    expect(backOffMs(2, limits, 0.999)).toBeGreaterThan(100);
    expect(backOffMs(2, limits, 0.5)).toBe(150);
  });

  it('ends early without an error when aborted', async () => {
    await expect(pause(60_000, AbortSignal.abort())).resolves.toBeUndefined();
  });
});
