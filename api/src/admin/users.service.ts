import { AppError, type Logger } from '@maydan/common';
import type { ManagedUser, Role } from '@maydan/contracts';
import type { User } from '@maydan/prisma';
import { actorOf } from '../audit/audit.repo.ts';
import { requireRole } from '../identity/requireRole.ts';
import type { Emitter } from '../realtime/Emitter.ts';
import { rooms } from '../realtime/rooms.ts';
import type { WalletRepo } from '../wallet/wallet.repo.ts';
import { amountsView } from '../wallet/views.ts';
import type { ManagedUserRow, ManagedUsersRepo } from './users.repo.ts';

export interface ManagedUsersDependencies {
  readonly repo: ManagedUsersRepo;
  readonly wallets: Pick<WalletRepo, 'balances'>;
  readonly emitter: Pick<Emitter, 'reconnect'>;
  readonly logger: Logger;
}

/** Users and their roles, for admins (feature M6). */
export class ManagedUsersService {
  readonly #deps: ManagedUsersDependencies;

  constructor(dependencies: ManagedUsersDependencies) {
    this.#deps = dependencies;
  }

  /** Throws `forbidden` and `not_found`. */
  async get(admin: User, id: string): Promise<ManagedUser> {
    requireRole(admin, 'admin');
    const { repo, wallets } = this.#deps;
    const [row, amounts] = await Promise.all([repo.find(id), wallets.balances(id)]);
    if (row === null) throw new AppError('not_found');
    return { ...view(row), wallet: amountsView(amounts) };
  }

  /**
   * Requests go by the new role from now on, and sockets come back with it. Throws `forbidden` for others than admins and
   * for one's own role (so that one admin stays), and `not_found`.
   */
  async setRole(admin: User, { id, role }: { id: string; role: Role }): Promise<ManagedUser> {
    requireRole(admin, 'admin');
    if (id === admin.id) throw new AppError('forbidden', 'Somebody else changes your own role.');
    const { repo, emitter, logger } = this.#deps;
    const change = await repo.changeRole(actorOf(admin), id, role);
    if (change === 'forbidden') throw new AppError('forbidden');
    if (change === 'missing') throw new AppError('not_found');
    if (change.before !== role) {
      logger.info({ userId: id, adminId: admin.id, before: change.before, role }, 'a role was changed');
      await emitter.reconnect(rooms.user(id));
    }
    return this.get(admin, id);
  }
}

function view(row: ManagedUserRow): Omit<ManagedUser, 'wallet'> {
  const { id, username, displayName, email, phone, role, language, followCount, _count: counts } = row;
  return {
    ...{ id, username, displayName, email, phone, role, language },
    bannedAt: row.bannedAt?.toISOString() ?? null,
    createdAt: row.createdAt.toISOString(),
    lastSeenAt: row.lastSeen?.at.toISOString() ?? null,
    hasPassword: row.passwordHash !== null,
    hasGoogle: row.googleSubject !== null,
    hasSecondFactor: row.secondFactorAt !== null,
    counts: { ...counts, followers: followCount?.followers ?? 0, following: followCount?.following ?? 0 },
    openSessions: row.sessions,
  };
}
