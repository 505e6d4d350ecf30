import { AppError } from '@maydan/common';
import type { Database, User } from '@maydan/prisma';
import { requireRole } from '../identity/requireRole.ts';

/** Whose coins admins look into, in PostgreSQL: also those of deleted accounts, as the books stay. */
export class BookOwners {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Throws `forbidden` for others than admins, and `not_found` when there never was such an account. */
  async requireFor(admin: User, id: string): Promise<void> {
    requireRole(admin, 'admin');
    if ((await this.#database.user.count({ where: { id } })) === 0) throw new AppError('not_found');
  }
}
