import type { AccountUpdate } from '@maydan/contracts';
import { displayNameOf, usernameOf, type Database, type Prisma, type User } from '@maydan/prisma';
import { isDuplicate } from '../identity/identity.repo.ts';

/** A user's own profile and settings in PostgreSQL. */
export class AccountRepo {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** The changed user, or `taken` when somebody has the username. */
  async update(id: string, change: AccountUpdate): Promise<User | 'taken'> {
    const { username, displayName, privacy, ...profile } = change;
    const names = {
      ...(username === undefined ? {} : usernameOf(username)),
      ...(displayName === undefined ? {} : displayNameOf(displayName)),
    };
    try {
      return await this.#database.user.update({
        where: { id },
        data: defined({ ...profile, ...privacy, ...names }),
      });
    } catch (error) {
      if (isDuplicate(error)) return 'taken';
      throw error;
    }
  }
}

/** Without what is undefined, so that it stays as it is. */
function defined(change: Record<string, unknown>): Prisma.UserUpdateInput {
  return Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined));
}
