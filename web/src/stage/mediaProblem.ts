import type { MediaSource } from '@maydan/contracts';

/** Why a camera, microphone or screen can't be had. */
export type MediaProblem = 'denied' | 'missing' | 'busy' | 'insecure' | 'other';

const byName: Readonly<Record<string, MediaProblem>> = {
  NotAllowedError: 'denied',
  NotFoundError: 'missing',
  OverconstrainedError: 'missing',
  NotReadableError: 'busy',
  AbortError: 'busy',
  SecurityError: 'insecure',
  TypeError: 'insecure',
};

/** Reads what `getUserMedia` or `getDisplayMedia` threw; null: the person just changed their mind. */
export function mediaProblemOf(source: MediaSource, error: unknown): MediaProblem | null {
  const name = error instanceof Error ? error.name : '';
  // Closing the browser's dialog looks like a refusal, and for a screen it always is just that.
  if (source === 'screen' && name === 'NotAllowedError') return null;
  return byName[name] ?? 'other';
}
