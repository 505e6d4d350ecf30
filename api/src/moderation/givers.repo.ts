import type { DatabaseTransaction, User } from '@maydan/prisma';
import { requireReach } from './Ranks.ts';

/** What of a ban decides who may change it. */
interface Given {
  readonly byId: string | null;
  readonly expiresAt: Date | null;
}

/** Throws `forbidden` for a ban that holds and that an admin gave: admins alone change and lift it. Null: there is none. */
export async function requireGiver(
  transaction: Pick<DatabaseTransaction, 'user'>,
  actor: Pick<User, 'id' | 'role'>,
  ban: Given | null,
): Promise<void> {
  if (ban === null || ban.byId === null || ban.byId === actor.id) return;
  if (ban.expiresAt !== null && ban.expiresAt <= new Date()) return;
  const where = { id: ban.byId };
  requireReach(actor, await transaction.user.findUnique({ where, select: { role: true } }));
}
