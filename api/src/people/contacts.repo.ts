import type { Database } from '@maydan/prisma';
import { eitherBlocksIn, lockPair } from './blocks.repo.ts';
import type { Outcome } from './follows.repo.ts';
import { behind, publicFields, type Listed, type PageWish } from './listed.ts';

/** Whom people keep at hand, in PostgreSQL. */
export class ContactsRepo {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Never while one of the two blocks the other, also when both happen at once. */
  create(ownerId: string, contactId: string, most: number): Promise<Outcome> {
    return this.#database.$transaction(async (transaction) => {
      await lockPair(transaction, ownerId, contactId);
      const found = await transaction.user.count({ where: { id: contactId, bannedAt: null } });
      if (found === 0 || (await eitherBlocksIn(transaction, ownerId, contactId))) return 'hidden';
      const key = { ownerId_contactId: { ownerId, contactId } };
      if ((await transaction.contact.findUnique({ where: key })) !== null) return 'was';
      if ((await transaction.contact.count({ where: { ownerId } })) >= most) return 'tooMany';
      await transaction.contact.create({ data: { ownerId, contactId } });
      return 'made';
    });
  }

  async remove(ownerId: string, contactId: string): Promise<void> {
    await this.#database.contact.deleteMany({ where: { ownerId, contactId } });
  }

  /** The newest first. */
  async list(ownerId: string, { after, take }: PageWish): Promise<Listed[]> {
    const rows = await this.#database.contact.findMany({
      where: { AND: [{ ownerId, contact: { bannedAt: null } }, behind(after, 'contactId')] },
      orderBy: [{ createdAt: 'desc' }, { contactId: 'desc' }],
      take,
      select: { createdAt: true, contact: publicFields },
    });
    return rows.map(({ createdAt, contact }) => ({ user: contact, since: createdAt }));
  }
}
