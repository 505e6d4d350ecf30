import { AppError } from '@maydan/common';

/** An amount of money, in its smallest unit, is an integer of four bytes in PostgreSQL. */
const mostMinor = 2 ** 31 - 1;

/** Throws `validation_failed` for more money at once than can be stored. */
export function requireStorable(amountMinor: number): number {
  if (amountMinor <= mostMinor) return amountMinor;
  throw new AppError('validation_failed', undefined, [{ path: 'coins', message: 'is too much at once' }]);
}

/** What coins are worth, as it was configured. */
export interface Prices {
  /** ISO 4217, lower case. */
  readonly currency: string;
  /** Of 100 coins, in the smallest unit of the currency. */
  readonly depositMinor: number;
  readonly payoutMinor: number;
  readonly commissionPercent: number;
}
