import { namesOf, newSecret, type Database, type Prisma, type User } from '@maydan/prisma';
import type { Also } from '../audit/audit.repo.ts';
import { lockAdmins } from '../identity/admins.repo.ts';
import { endSignIns } from '../identity/identity.repo.ts';

/** Who an account was: the same for all. Said in both languages, as whoever reads it may have either. */
export const deletedName = 'مستخدم محذوف · Deleted user';

/** Deleted accounts in PostgreSQL. */
export class DeletionRepo {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /**
   * Makes the account nobody's, revokes its stream keys and ends its sign-ins, all or nothing; null when it isn't as it was
   * when its owner was asked, or is banned. The ids of the sign-ins that ended. It counts as banned, so that it is found nowhere, nobody
   * can do anything with it, and sign-ins that are being made come too late. `also` is written with it. `lastAdmin`: nobody could make another one.
   */
  close({ id, passwordHash, phone }: User, at: Date, also?: Also): Promise<string[] | 'lastAdmin' | null> {
    const nobody: Prisma.UserUpdateManyMutationInput = {
      ...namesOf(`deleted_${newSecret(16).toLowerCase()}`, deletedName),
      ...{
        email: null,
        emailVerifiedAt: null,
        phone: null,
        googleSubject: null,
        passwordHash: null,
        secondFactorAt: null,
        bio: '',
      },
      foundByEmail: false,
      foundByPhone: false,
      role: 'user',
      language: null,
      theme: 'system',
      messagesFrom: 'nobody',
      presenceFor: 'nobody',
    };
    return this.#database.$transaction(async (transaction) => {
      const admins = await lockAdmins(transaction);
      if (admins.has(id) && admins.size === 1) return 'lastAdmin';
      const { count } = await transaction.user.updateMany({
        // Who is banned at this moment stays known by address, number and Google account, or would come back as another.
        where: { id, deletedAt: null, bannedAt: null, passwordHash },
        data: { ...nobody, avatarId: null, coverId: null, bannedAt: at, deletedAt: at },
      });
      if (count === 0) return null;
      await also?.(transaction);
      // Files that are nobody's are removed by their sweep.
      await transaction.media.updateMany({ where: { ownerId: id }, data: { ownerId: null } });
      await transaction.emailCode.deleteMany({ where: { userId: id } });
      if (phone !== null) await transaction.phoneCode.deleteMany({ where: { phone } });
      await transaction.streamKey.updateMany({
        where: { userId: id, revokedAt: null },
        data: { revokedAt: at },
      });
      return endSignIns(transaction, { userId: id });
    });
  }

  /** An account that is somebody's. */
  find(id: string): Promise<User | null> {
    return this.#database.user.findUnique({ where: { id, deletedAt: null } });
  }

  async isClosed(id: string): Promise<boolean> {
    return (await this.#database.user.count({ where: { id, deletedAt: { not: null } } })) > 0;
  }

  /** Accounts of which something is left, the oldest first. */
  async unerased(take: number): Promise<string[]> {
    const rows = await this.#database.user.findMany({
      where: { deletedAt: { not: null }, erasedAt: null },
      orderBy: { deletedAt: 'asc' },
      take,
      select: { id: true },
    });
    return rows.map(({ id }) => id);
  }

  async erased(id: string, at: Date): Promise<void> {
    await this.#database.user.updateMany({ where: { id, erasedAt: null }, data: { erasedAt: at } });
  }
}
