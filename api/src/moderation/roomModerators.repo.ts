import type { Database } from '@maydan/prisma';
import type { Also } from '../audit/audit.repo.ts';
import { banOf } from '../stage/seatRows.ts';
import { behind, publicFields, type Listed, type PageWish } from '../people/listed.ts';

/** Whom hosts have moderate their rooms, in PostgreSQL. */
export class RoomModeratorsRepo {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async has(hostId: string, userId: string): Promise<boolean> {
    return (await this.#database.roomModerator.count({ where: { hostId, userId } })) > 0;
  }

  /** Whether they moderate a session: nobody does from which they are banned. */
  async moderates({ id, hostId }: { readonly id: string; readonly hostId: string }, userId: string) {
    if (!(await this.has(hostId, userId))) return false;
    return (await this.#database.sessionBan.count(banOf(id, userId))) === 0;
  }

  count(hostId: string): Promise<number> {
    return this.#database.roomModerator.count({ where: { hostId } });
  }

  /** False when they were appointed before. */
  add(hostId: string, userId: string, also: Also): Promise<boolean> {
    return this.#database.$transaction(async (transaction) => {
      const data = [{ hostId, userId }];
      const { count } = await transaction.roomModerator.createMany({ data, skipDuplicates: true });
      if (count > 0) await also(transaction);
      return count > 0;
    });
  }

  /** False when they weren't. */
  remove(hostId: string, userId: string, also: Also): Promise<boolean> {
    return this.#database.$transaction(async (transaction) => {
      const { count } = await transaction.roomModerator.deleteMany({ where: { hostId, userId } });
      if (count > 0) await also(transaction);
      return count > 0;
    });
  }

  /** The newest first. */
  async list(hostId: string, { after, take }: PageWish): Promise<Listed[]> {
    const rows = await this.#database.roomModerator.findMany({
      where: { AND: [{ hostId }, behind(after, 'userId')] },
      orderBy: [{ createdAt: 'desc' }, { userId: 'desc' }],
      take,
      select: { createdAt: true, user: publicFields },
    });
    return rows.map(({ createdAt, user }) => ({ user, since: createdAt }));
  }
}
