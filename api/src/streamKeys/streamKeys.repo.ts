import type { Also } from '../audit/audit.repo.ts';
import type { Database, StreamKey } from '@maydan/prisma';

export type { StreamKey } from '@maydan/prisma';

export interface StoredSecret {
  readonly hash: string;
  readonly hint: string;
}

/** Stream keys in PostgreSQL, each by its owner. */
export class StreamKeysRepo {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  create(userId: string, label: string, secret: StoredSecret): Promise<StreamKey> {
    return this.#database.streamKey.create({ data: { userId, label, ...secret } });
  }

  countActive(userId: string): Promise<number> {
    return this.#database.streamKey.count({ where: { userId, revokedAt: null } });
  }

  list(userId: string): Promise<StreamKey[]> {
    return this.#database.streamKey.findMany({
      where: { userId },
      orderBy: [{ revokedAt: { sort: 'desc', nulls: 'first' } }, { createdAt: 'desc' }],
      take: 200,
    });
  }

  /** Of the user; null: of anybody. */
  find(userId: string | null, id: string): Promise<StreamKey | null> {
    return this.#database.streamKey.findUnique({ where: { id, ...(userId === null ? {} : { userId }) } });
  }

  /** False when the key was revoked. */
  async replaceSecret(id: string, secret: StoredSecret): Promise<boolean> {
    const { count } = await this.#database.streamKey.updateMany({
      where: { id, revokedAt: null },
      data: { ...secret, lastUsedAt: null },
    });
    return count > 0;
  }

  revoke(id: string, also?: Also): Promise<void> {
    return this.#database.$transaction(async (transaction) => {
      const { count } = await transaction.streamKey.updateMany({
        where: { id, revokedAt: null },
        data: { revokedAt: new Date() },
      });
      if (count > 0) await also?.(transaction);
    });
  }
}
