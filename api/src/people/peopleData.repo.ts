import type { Database } from '@maydan/prisma';
import { publicFields } from './listed.ts';
import { beyond, exported, type ExportedRow, type PersonalData } from '../personalData/PersonalData.ts';

/** Who somebody follows, keeps, admits as subscribers and blocks, and whose subscriber they are. What others have made of the person goes as well: it would name nobody. */
export class PeopleData implements PersonalData {
  readonly name = 'people';
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async erase(id: string): Promise<'done'> {
    await this.#database.follow.deleteMany({ where: { OR: [{ followerId: id }, { followeeId: id }] } });
    await this.#database.contact.deleteMany({ where: { OR: [{ ownerId: id }, { contactId: id }] } });
    await this.#database.subscriber.deleteMany({ where: { OR: [{ hostId: id }, { userId: id }] } });
    await this.#database.block.deleteMany({ where: { OR: [{ blockerId: id }, { blockedId: id }] } });
    return 'done';
  }

  async *export(id: string): AsyncGenerator<ExportedRow> {
    yield* exported('following', (take, after: { followeeId: string } | null) =>
      this.#database.follow.findMany({
        where: { followerId: id, ...(after === null ? {} : { followeeId: { gt: after.followeeId } }) },
        orderBy: { followeeId: 'asc' },
        take,
        select: { followeeId: true, createdAt: true, followee: publicFields },
      }),
    );
    // By the index of their list: somebody may have a million.
    yield* exported('followers', (take, after: { followerId: string; createdAt: Date } | null) =>
      this.#database.follow.findMany({
        where: {
          AND: [
            { followeeId: id },
            after === null ? {} : beyond(after.createdAt, 'followerId', after.followerId),
          ],
        },
        orderBy: [{ createdAt: 'asc' }, { followerId: 'asc' }],
        take,
        select: { followerId: true, createdAt: true, follower: publicFields },
      }),
    );
    yield* exported('contacts', (take, after: { contactId: string } | null) =>
      this.#database.contact.findMany({
        where: { ownerId: id, ...(after === null ? {} : { contactId: { gt: after.contactId } }) },
        orderBy: { contactId: 'asc' },
        take,
        select: { contactId: true, createdAt: true, contact: publicFields },
      }),
    );
    yield* exported('subscribers', (take, after: { userId: string } | null) =>
      this.#database.subscriber.findMany({
        where: { hostId: id, ...(after === null ? {} : { userId: { gt: after.userId } }) },
        orderBy: { userId: 'asc' },
        take,
        select: { userId: true, until: true, createdAt: true, user: publicFields },
      }),
    );
    yield* exported('subscriptions', (take, after: { hostId: string } | null) =>
      this.#database.subscriber.findMany({
        where: { userId: id, ...(after === null ? {} : { hostId: { gt: after.hostId } }) },
        orderBy: { hostId: 'asc' },
        take,
        select: { hostId: true, until: true, createdAt: true, host: publicFields },
      }),
    );
    yield* exported('blocks', (take, after: { blockedId: string } | null) =>
      this.#database.block.findMany({
        where: { blockerId: id, ...(after === null ? {} : { blockedId: { gt: after.blockedId } }) },
        orderBy: { blockedId: 'asc' },
        take,
        select: { blockedId: true, createdAt: true, blocked: publicFields },
      }),
    );
  }
}
