import type { RoomEvent } from '@maydan/contracts';
import type { User } from '@maydan/prisma';

type Named = Pick<User, 'id' | 'username' | 'displayName'>;
type Sanction = Extract<RoomEvent, { type: 'sanction' }>;

export interface Sanctioned {
  readonly actor: User;
  readonly user: Named;
  readonly reason?: string | null;
  readonly until?: Date | null;
}

/** What the host and moderators of a room are told of what one of them did. Hosts don't learn who moderates the platform. */
export function sanctionEvent(
  action: Sanction['action'],
  { actor, user, reason = null, until = null }: Sanctioned,
): Sanction {
  const by = actor.role === 'user' ? named(actor) : null;
  return { type: 'sanction', action, user: named(user), by, reason, until: until?.toISOString() ?? null };
}

const named = ({ id, username, displayName }: Named): Named => ({ id, username, displayName });
