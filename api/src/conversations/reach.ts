import { AppError } from '@maydan/common';
import type { Reach } from './reach.repo.ts';

/** Conversations that somebody is in at most. */
export const maxMemberships = 5_000;

/**
 * Whether all these people may be written to or added. Throws `not_found` when one isn't there or a block lies between,
 * `messages_refused` when one doesn't let the person write to them, `conflict` when one is in too many conversations.
 */
export function checkReach(wanted: readonly string[], found: readonly Reach[]): void {
  const reached = found.filter(({ blocked }) => !blocked);
  const missing = wanted.filter((id) => !reached.some((reach) => reach.id === id));
  if (missing.length > 0) throw new AppError('not_found', undefined, { userIds: missing });
  const refusing = reached.filter(({ takes }) => !takes).map(({ id }) => id);
  if (refusing.length > 0) throw new AppError('messages_refused', undefined, { userIds: refusing });
  if (reached.some(({ memberships }) => memberships >= maxMemberships)) {
    throw new AppError('conflict', 'Somebody of them is in too many conversations.');
  }
}
