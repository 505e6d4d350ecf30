import { viewingSlotMs } from '@maydan/contracts';

/** What is counted together. */
export const slotMs = viewingSlotMs;
/** Of samples of viewers. */
export const sampleMs = 30_000;

/** The beginning of the slot that a time is in. */
export function slotAt(time: Date): Date {
  return new Date(Math.floor(time.getTime() / slotMs) * slotMs);
}

/** The least UUID of version 7 (RFC 9562 §5.7) of a time. */
export function firstIdOf(timeMs: number): string {
  const hex = Math.max(0, timeMs).toString(16).padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8)}-7000-8000-000000000000`;
}

/**
 * How long the steps of a timeline are, so that it has no more than `points`: whole samples. At least one.
 */
export function stepOf(durationMs: number, points: number): number {
  return Math.max(1, Math.ceil(durationMs / points / sampleMs)) * sampleMs;
}
