import type { BannedWord, Database } from '@maydan/prisma';

/** The platform's banned words in PostgreSQL. */
export class BannedWordsRepo {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  all(): Promise<BannedWord[]> {
    return this.#database.bannedWord.findMany({ orderBy: { id: 'desc' } });
  }

  count(): Promise<number> {
    return this.#database.bannedWord.count();
  }

  /** Null when there is one of this key. */
  async add(word: string, key: string): Promise<BannedWord | null> {
    const [added] = await this.#database.bannedWord.createManyAndReturn({
      data: [{ word, key }],
      skipDuplicates: true,
    });
    return added ?? null;
  }

  /** False when there is none. */
  async remove(id: string): Promise<boolean> {
    return (await this.#database.bannedWord.deleteMany({ where: { id } })).count > 0;
  }
}
