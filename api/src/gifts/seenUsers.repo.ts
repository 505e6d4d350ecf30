import type { Database } from '@maydan/prisma';
import { visibleTo, type Viewer } from '../people/blocks.repo.ts';
import { publicFields } from '../people/listed.ts';
import type { Person } from './gifts.repo.ts';

/** Who of many people somebody may see. */
export class SeenUsers {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Those who are there and whom no block hides, by their ids. */
  async find(viewer: Viewer, ids: readonly string[]): Promise<Map<string, Person>> {
    const users = await this.#database.user.findMany({
      where: { AND: [{ id: { in: [...new Set(ids)] }, bannedAt: null }, visibleTo(viewer)] },
      ...publicFields,
    });
    return new Map(users.map((user) => [user.id, user]));
  }

  /** Those whom a block hides; of deleted accounts the name is gone already. */
  async hiddenFrom(viewer: Viewer, ids: readonly string[]): Promise<Set<string>> {
    if (viewer === null || viewer.role !== 'user') return new Set();
    const all = [...new Set(ids)];
    const rows = await this.#database.user.findMany({
      where: { AND: [{ id: { in: all } }, visibleTo(viewer)] },
      select: { id: true },
    });
    const seen = new Set(rows.map(({ id }) => id));
    return new Set(all.filter((id) => !seen.has(id)));
  }
}
