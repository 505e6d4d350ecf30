import type { AnswerKind } from './PreparedAnswer.ts';

/** What the origin tells of itself; called on the hot path, so implementations only count. */
export interface OriginMetrics {
  /** Held requests: +1 when one begins to wait, −n when n of them stop. */
  blocked(change: number): void;
  answered(kind: AnswerKind, status: number, bodyBytes: number): void;
  /** Seconds from a part's last sample (the encoder's clock mapping) until it was offered to viewers. */
  partOffered(latencySec: number): void;
}

export const noMetrics: OriginMetrics = { blocked() {}, answered() {}, partOffered() {} };
