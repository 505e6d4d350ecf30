/** The cores that one session's encoding may cost: asked before each leg is planned, and told what the plan takes. */
export interface CoreBudget {
  /** Cores that a leg may be planned with now. */
  readonly available: number;
  /** Takes what a planned leg costs in place of what was taken before; the rest is free for others. */
  settle(cores: number): void;
}
