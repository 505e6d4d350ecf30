import type { Fault } from './engine.ts';

export interface StuckFacts {
  /** Playback is wanted, and nothing is under way that could still bring it. */
  readonly awaited: boolean;
  /** For how long the live edge has been moving, 0 while it stands still. */
  readonly arrivingMs: number;
  /** Milliseconds since the picture last moved. */
  readonly motionlessMs: number;
  /** See `EngineState.silentMs`. */
  readonly silentMs: number | null;
  /** Faults in a row before this. */
  readonly attempts: number;
}

const stuckAfterMs = 8_000;
/** A slow machine needs its time after an attempt, and the next one would begin anew. */
const mostDoublings = 2;
/** Longer than the origin holds a request, and than the engine tries anew without telling. */
const silentAfterMs = 20_000;

/**
 * What the engine doesn't say: it stands still although media arrives, or it has stopped to ask for any. A broadcaster who is
 * away is neither: the playlist is read and doesn't grow.
 */
export function stuckFault(facts: StuckFacts): Fault | null {
  const patienceMs = stuckAfterMs * 2 ** Math.min(facts.attempts, mostDoublings);
  if (!facts.awaited || facts.motionlessMs <= patienceMs) return null;
  if (facts.arrivingMs > patienceMs) return { kind: 'media', detail: 'stuck', httpStatus: null };
  if ((facts.silentMs ?? 0) > silentAfterMs) return { kind: 'network', detail: 'silent', httpStatus: null };
  return null;
}
