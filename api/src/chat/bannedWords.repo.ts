import type { BannedWord, Database } from '@maydan/prisma';
import { writeAudit, type Actor } from '../audit/audit.repo.ts';

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
  add(word: string, key: string, actor: Actor): Promise<BannedWord | null> {
    return this.#database.$transaction(async (transaction) => {
      const [added] = await transaction.bannedWord.createManyAndReturn({
        data: [{ word, key }],
        skipDuplicates: true,
      });
      if (added === undefined) return null;
      const target = { kind: 'bannedWord', id: added.id } as const;
      await writeAudit(transaction, { actor, action: 'bannedWord.added', target, details: { word } });
      return added;
    });
  }

  /** False when there is none. */
  remove(id: string, actor: Actor): Promise<boolean> {
    return this.#database.$transaction(async (transaction) => {
      const where = { id };
      const word = await transaction.bannedWord.findUnique({ where });
      if (word === null || (await transaction.bannedWord.deleteMany({ where })).count === 0) return false;
      const target = { kind: 'bannedWord', id } as const;
      const details = { word: word.word };
      await writeAudit(transaction, { actor, action: 'bannedWord.removed', target, details });
      return true;
    });
  }
}
