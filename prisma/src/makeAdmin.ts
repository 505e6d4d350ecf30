import type { Role } from '../generated/client.ts';
import type { Database } from './createPrisma.ts';
import { usernameOf } from './names.ts';
import { newId } from './newId.ts';

/** `before`: what the user was. Null: there is no such account, or it is banned. */
export type AdminMade = { readonly userId: string; readonly before: Role } | null;

/** Makes somebody an admin by their username, for whoever runs the installation; the audit log has it as of the platform itself. */
export async function makeAdmin(database: Database, username: string): Promise<AdminMade> {
  const { usernameKey } = usernameOf(username);
  return database.$transaction(async (transaction) => {
    const [user] = await transaction.$queryRaw<{ id: string; role: Role }[]>`
      SELECT "id", "role" FROM "User"
      WHERE "usernameKey" = ${usernameKey} AND "deletedAt" IS NULL AND "bannedAt" IS NULL FOR NO KEY UPDATE`;
    if (user === undefined) return null;
    const { id, role: before } = user;
    if (before === 'admin') return { userId: id, before };
    await transaction.user.update({ where: { id }, data: { role: 'admin' } });
    const at = new Date();
    await transaction.auditEntry.create({
      data: {
        ...{ id: newId(at.getTime()), at, actorId: null, role: 'system', action: 'user.roleChanged' },
        ...{ targetKind: 'user', targetId: id, userId: id, details: { before, role: 'admin' } },
      },
    });
    return { userId: id, before };
  });
}
