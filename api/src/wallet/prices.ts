/** What coins are worth, as it was configured. */
export interface Prices {
  /** ISO 4217, lower case. */
  readonly currency: string;
  /** Of 100 coins, in the smallest unit of the currency. */
  readonly depositMinor: number;
  readonly payoutMinor: number;
  readonly commissionPercent: number;
}
