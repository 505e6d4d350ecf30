/** What a receiver and the platform get of some coins: the platform's part is rounded down. Nothing is lost. */
export function splitCommission(
  coins: bigint,
  percent: number,
): { readonly receiver: bigint; readonly commission: bigint } {
  const commission = (coins * BigInt(percent)) / 100n;
  return { receiver: coins - commission, commission };
}

/** What coins cost, in the smallest unit of money, rounded up. */
export function priceOf(coins: bigint, pricePer100: number): number {
  return Number(ceilDivide(coins * BigInt(pricePer100), 100n));
}

/** What is paid out for coins, in the smallest unit of money, rounded down. */
export function payoutOf(coins: bigint, payoutPer100: number): number {
  return Number((coins * BigInt(payoutPer100)) / 100n);
}

/** How many of a deposit's coins go when a part of the money was taken back: as many for each part, rounded up, never more than all. */
export function coinsTakenBack(coins: bigint, amountMinor: number, backMinor: number): bigint {
  return smaller(coins, ceilDivide(coins * BigInt(backMinor), BigInt(amountMinor)));
}

/** What each of several accounts gives to make up an amount, the first ones first; `missing` is what they don't have. */
export function takeFrom(
  balances: readonly bigint[],
  amount: bigint,
): { readonly taken: readonly bigint[]; readonly missing: bigint } {
  let missing = amount;
  const taken = balances.map((balance) => {
    const part = smaller(balance, missing);
    missing -= part;
    return part;
  });
  return { taken, missing };
}

export const smaller = (one: bigint, other: bigint): bigint => (one < other ? one : other);

/** Of numbers that aren't negative. */
function ceilDivide(dividend: bigint, divisor: bigint): bigint {
  return (dividend + divisor - 1n) / divisor;
}
