import { newId, type Database, type RestreamTarget } from '@maydan/prisma';
import type { SealedKey } from './RestreamKeys.ts';

/** What its owner says of a target. */
export type RestreamTargetData = Pick<RestreamTarget, 'name' | 'url' | 'keyHint' | 'enabled'> & SealedKey;

/** Restream targets in PostgreSQL, each by its owner. */
export class RestreamRepo {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** `dataOf` gets the id of the new target. Null when the user has `most` of them already, also when asked at once. */
  create(
    userId: string,
    most: number,
    dataOf: (id: string) => RestreamTargetData,
  ): Promise<RestreamTarget | null> {
    const id = newId();
    return this.#database.$transaction(async (transaction) => {
      await transaction.$executeRaw`SELECT pg_advisory_xact_lock(820131, hashtext(${userId}))`;
      if ((await transaction.restreamTarget.count({ where: { userId } })) >= most) return null;
      return transaction.restreamTarget.create({ data: { id, userId, ...dataOf(id) } });
    });
  }

  /** The oldest first. */
  list(userId: string): Promise<RestreamTarget[]> {
    return this.#database.restreamTarget.findMany({ where: { userId }, orderBy: { id: 'asc' }, take: 100 });
  }

  find(id: string): Promise<RestreamTarget | null> {
    return this.#database.restreamTarget.findUnique({ where: { id } });
  }

  enabled(userId: string): Promise<RestreamTarget[]> {
    return this.#database.restreamTarget.findMany({
      where: { userId, enabled: true },
      orderBy: { id: 'asc' },
      take: 100,
    });
  }

  /** Changes of a target are made one after the other; null when the user has no such target. */
  change(
    userId: string,
    id: string,
    decide: (row: RestreamTarget) => Partial<RestreamTargetData> & { version?: number },
  ): Promise<RestreamTarget | null> {
    return this.#database.$transaction(async (transaction) => {
      await transaction.$queryRaw`
        SELECT 1 AS locked FROM "RestreamTarget" WHERE "id" = ${id}::uuid AND "userId" = ${userId}::uuid FOR UPDATE`;
      const row = await transaction.restreamTarget.findUnique({ where: { id, userId } });
      if (row === null) return null;
      return transaction.restreamTarget.update({ where: { id }, data: decide(row) });
    });
  }

  /** False when the user had no such target. */
  async remove(userId: string, id: string): Promise<boolean> {
    const { count } = await this.#database.restreamTarget.deleteMany({ where: { userId, id } });
    return count > 0;
  }

  /** The same key sealed anew, unless it was changed meanwhile. */
  async reseal({ id, sealedKey }: RestreamTarget, sealed: SealedKey): Promise<void> {
    await this.#database.restreamTarget.updateMany({ where: { id, sealedKey }, data: { ...sealed } });
  }

  /** Those of the users who have a target that is switched on. */
  async usersAmong(userIds: string[]): Promise<Set<string>> {
    const rows = await this.#database.restreamTarget.findMany({
      where: { userId: { in: userIds }, enabled: true },
      distinct: ['userId'],
      select: { userId: true },
    });
    return new Set(rows.map(({ userId }) => userId));
  }
}
