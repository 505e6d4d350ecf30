import type { Database, FollowCount, User } from '@maydan/prisma';
import { listedTo, type Viewer } from './blocks.repo.ts';

export type ProfileRow = User & { followCount: FollowCount | null };

/** Users as others find them, in PostgreSQL. */
export class UsersRepo {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Whether `findVisible` finds the user. */
  async isVisible(viewer: Viewer, id: string): Promise<boolean> {
    return (await this.#database.user.count({ where: { AND: [{ id }, listedTo(viewer)] } })) > 0;
  }

  /** Null when there is no such user, or a block hides them from the viewer, or the account is banned. */
  findVisible(viewer: Viewer, whom: { id: string } | { username: string }): Promise<ProfileRow | null> {
    const key = 'id' in whom ? { id: whom.id } : { usernameKey: whom.username.toLowerCase() };
    return this.#database.user.findFirst({
      where: { AND: [key, listedTo(viewer)] },
      include: { followCount: true },
    });
  }
}
