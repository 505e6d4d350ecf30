import { ConnectionLimits } from './ConnectionLimits.ts';

describe('connection limits', () => {
  it('hold for each address and for all together', () => {
    const limits = new ConnectionLimits({ total: 3, perAddress: 2 });
    expect([limits.take('a'), limits.take('a'), limits.take('a')]).toEqual([true, true, false]);
    expect([limits.take('b'), limits.take('b')]).toEqual([true, false]);
    limits.release('a');
    expect(limits.count).toBe(2);
    expect([limits.take('a'), limits.take('c')]).toEqual([true, false]);
  });
});
