import type { AccountUpdate } from '@maydan/contracts';
import { Prisma, type Database, type User } from '@maydan/prisma';

/** A user's own profile and settings in PostgreSQL. */
export class AccountRepo {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** The changed user, or `taken` when somebody has the username. */
  async update(id: string, change: AccountUpdate): Promise<User | 'taken'> {
    const { username, privacy, ...profile } = change;
    const name = username === undefined ? {} : { username, usernameKey: username.toLowerCase() };
    try {
      return await this.#database.user.update({
        where: { id },
        data: defined({ ...profile, ...privacy, ...name }),
      });
    } catch (error) {
      if (error instanceof Prisma.PrismaClientKnownRequestError && error.code === 'P2002') return 'taken';
      throw error;
    }
  }
}

/** Without what is undefined, so that it stays as it is. */
function defined(change: Record<string, unknown>): Prisma.UserUpdateInput {
  return Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined));
}
