import type { FaultKind } from './engine.ts';

/** `resume` keeps the loaded media, `recoverMedia` resets the decoder, `reopen` starts a new engine in place. */
export type RecoveryAction = 'resume' | 'recoverMedia' | 'reopen';
export interface RecoveryPlan {
  readonly action: RecoveryAction;
  readonly delayMs: number;
}

const networkDelaysMs = [500, 1_000, 2_000, 3_000, 5_000];
const longestDelayMs = 8_000;

/**
 * What to do about the `attempt`-th fault in a row (from 0); null when nothing can help. `random` in [0, 1)
 * spreads the viewers of a restarted worker over time.
 */
export function planRecovery(kind: FaultKind, attempt: number, random: number): RecoveryPlan | null {
  if (kind === 'unsupported') return null;
  if (kind === 'media' && attempt === 0) return { action: 'recoverMedia', delayMs: 0 };
  const baseMs = networkDelaysMs[attempt] ?? longestDelayMs;
  // A playlist that can't be joined to what was loaded before (a restarted packager) needs a fresh start.
  const action = kind === 'network' && attempt < 2 ? 'resume' : 'reopen';
  return { action, delayMs: Math.round(baseMs * (0.8 + 0.4 * random)) };
}

/** After this many faults in a row the viewer is told, and offered a retry; attempts go on. */
export const attemptsBeforeTelling = 3;
/** Playback that ran for this long has got over its faults. */
export const recoveredAfterMs = 5_000;
