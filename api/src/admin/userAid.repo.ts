import type { Database, DatabaseTransaction, User } from '@maydan/prisma';
import { writeAudit, type Actor } from '../audit/audit.repo.ts';
import { endSignIns } from '../identity/identity.repo.ts';
import { secondFactorNotice } from '../moderation/notices.ts';
import { notify } from '../notifications/causes.repo.ts';
import { removeSecondFactor } from '../secondFactor/secondFactor.repo.ts';

/** What admins do for people who need help with their account, in PostgreSQL. */
export class UserAidRepo {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** The sign-ins that ended by it. Null: there is no such account. */
  signOut(actor: Actor, id: string, reason: string): Promise<string[] | null> {
    return this.#database.$transaction(async (transaction) => {
      if ((await find(transaction, id)) === null) return null;
      const ended = await endSignIns(transaction, { userId: id });
      const about = { actor, target: { kind: 'user', id }, userId: id, reason } as const;
      await writeAudit(transaction, { ...about, action: 'user.signedOut', details: { count: ended.length } });
      return ended;
    });
  }

  removeSecondFactor(actor: Actor, id: string, reason: string): Promise<'removed' | 'off' | 'missing'> {
    return this.#database.$transaction(async (transaction) => {
      const user = await find(transaction, id);
      if (user === null) return 'missing';
      if (user.secondFactorAt === null || !(await removeSecondFactor(transaction, id))) return 'off';
      const about = { actor, target: { kind: 'user', id }, userId: id, reason } as const;
      await writeAudit(transaction, { ...about, action: 'user.secondFactorRemoved' });
      await notify(transaction, secondFactorNotice(id, new Date(), reason));
      return 'removed';
    });
  }
}

function find(transaction: DatabaseTransaction, id: string): Promise<User | null> {
  return transaction.user.findUnique({ where: { id, deletedAt: null } });
}
