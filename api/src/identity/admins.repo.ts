import type { DatabaseTransaction } from '@maydan/prisma';

/**
 * Those who can act as admins, whose rows nobody else changes until the transaction ends: whoever takes the role from one locks
 * them first, so that such changes come one after the other and each sees who is left.
 */
export async function lockAdmins(transaction: DatabaseTransaction): Promise<Set<string>> {
  const rows = await transaction.$queryRaw<{ id: string }[]>`
    SELECT "id" FROM "User" WHERE "role" = 'admin' AND "bannedAt" IS NULL AND "deletedAt" IS NULL
    ORDER BY "id" FOR NO KEY UPDATE`;
  return new Set(rows.map(({ id }) => id));
}
