import type { Role } from '@maydan/contracts';
import type { Database, Prisma } from '@maydan/prisma';
import { writeAudit, type Actor } from '../audit/audit.repo.ts';
import { lockAdmins } from '../identity/admins.repo.ts';
import { jobStates } from '../sessions/controlDocument.ts';

/** So many open sessions of a user are shown. */
const shownSessions = 20;

const shown = (now: Date) =>
  ({
    ...{ id: true, username: true, displayName: true, email: true, phone: true, role: true, language: true },
    ...{ bannedAt: true, createdAt: true, secondFactorAt: true, passwordHash: true, googleSubject: true },
    lastSeen: { select: { at: true } },
    followCount: { select: { followers: true, following: true } },
    sessions: {
      where: { state: { in: ['idle', ...jobStates] } },
      select: { id: true, title: true, state: true },
      orderBy: { createdAt: 'desc' },
      take: shownSessions,
    },
    _count: {
      select: {
        sessions: true,
        signIns: { where: { endedAt: null, expiresAt: { gt: now } } },
        streamKeys: { where: { revokedAt: null } },
        statuses: true,
      },
    },
  }) satisfies Prisma.UserSelect;
export type ManagedUserRow = Prisma.UserGetPayload<{ select: ReturnType<typeof shown> }>;

/** What came of the wish to give somebody a role: whether it is a new one, or why it could not be. */
export type RoleChange = { readonly before: Role } | 'forbidden' | 'missing';

/** Users, as admins manage them, in PostgreSQL. */
export class ManagedUsersRepo {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Null: there is no such account. */
  find(id: string, now = new Date()): Promise<ManagedUserRow | null> {
    return this.#database.user.findUnique({ where: { id, deletedAt: null }, select: shown(now) });
  }

  /**
   * Who is no admin any more when it is their turn is refused. So whoever makes a change is an admin after it, and there
   * always is one.
   */
  changeRole(actor: Actor, id: string, role: Role): Promise<RoleChange> {
    return this.#database.$transaction(async (transaction) => {
      if (!(await lockAdmins(transaction)).has(actor.id)) return 'forbidden';
      const [found] = await transaction.$queryRaw<{ role: Role }[]>`
        SELECT "role" FROM "User" WHERE "id" = ${id}::uuid AND "deletedAt" IS NULL FOR NO KEY UPDATE`;
      if (found === undefined) return 'missing';
      if (found.role === role) return { before: role };
      await transaction.user.update({ where: { id }, data: { role } });
      const act = { actor, action: 'user.roleChanged', target: { kind: 'user', id }, userId: id } as const;
      await writeAudit(transaction, { ...act, details: { before: found.role, role } });
      return { before: found.role };
    });
  }
}
