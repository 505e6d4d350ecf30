import fc from 'fast-check';
import { coinsTakenBack, payoutOf, priceOf, splitCommission, takeFrom } from './arithmetic.ts';

const coins = fc.bigInt({ min: 1n, max: 10n ** 15n });
const percent = fc.integer({ min: 0, max: 100 });

describe('coins', () => {
  it('are split without losing one, and the platform never gets more than its part', () => {
    fc.assert(
      fc.property(coins, percent, (amount, part) => {
        const { receiver, commission } = splitCommission(amount, part);
        expect(receiver + commission).toBe(amount);
        expect(receiver >= 0n && commission >= 0n).toBe(true);
        expect(commission * 100n <= amount * BigInt(part)).toBe(true);
      }),
    );
    expect(splitCommission(10n, 33)).toEqual({ receiver: 7n, commission: 3n });
    expect(splitCommission(1n, 99)).toEqual({ receiver: 1n, commission: 0n });
  });

  it('cost at least what is paid out for them at the same price', () => {
    expect([priceOf(1n, 1), priceOf(100n, 99), priceOf(250n, 99)]).toEqual([1, 99, 248]);
    expect([payoutOf(1n, 1), payoutOf(100n, 50), payoutOf(250n, 99)]).toEqual([0, 50, 247]);
  });

  it('are taken back as the money is: in parts, and all of them in the end', () => {
    fc.assert(
      fc.property(coins, fc.integer({ min: 1, max: 10 ** 9 }), fc.nat(), (amount, minor, back) => {
        const some = Math.min(back, minor);
        const taken = coinsTakenBack(amount, minor, some);
        expect(taken >= 0n && taken <= amount).toBe(true);
        expect(taken * BigInt(minor) >= amount * BigInt(some)).toBe(true);
        expect(coinsTakenBack(amount, minor, minor)).toBe(amount);
      }),
    );
  });

  it('are taken from several accounts, none below zero', () => {
    fc.assert(
      fc.property(fc.array(fc.bigInt({ min: 0n, max: 1000n })), coins, (balances, amount) => {
        const { taken, missing } = takeFrom(balances, amount);
        expect(taken.reduce((sum, part) => sum + part, missing)).toBe(amount);
        expect(taken.every((part, at) => part >= 0n && part <= balances[at]!)).toBe(true);
        if (missing > 0n) expect(taken).toEqual(balances);
      }),
    );
  });
});
