import type { Role } from '@maydan/contracts';
import { Prisma, type Database, type User } from '@maydan/prisma';
import type { PageWish } from './listed.ts';
import { beginsWith, containsAll } from './search.repo.ts';
import { isIndexed, type SearchText } from './searchText.ts';

export type AccountRow = Pick<
  User,
  'id' | 'username' | 'displayName' | 'email' | 'phone' | 'role' | 'bannedAt' | 'createdAt'
>;

export interface AccountFilter {
  readonly text: SearchText | null;
  readonly role?: Role | undefined;
  readonly state?: 'active' | 'banned' | undefined;
  readonly createdFrom?: string | undefined;
  readonly createdBefore?: string | undefined;
}

/** All users, as admins look through them, in PostgreSQL. */
export class UserListRepo {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** The newest first. */
  list(filter: AccountFilter, { after, take }: PageWish): Promise<AccountRow[]> {
    const conditions = [Prisma.sql`"deletedAt" IS NULL`];
    if (filter.role !== undefined) conditions.push(Prisma.sql`"role" = ${filter.role}::"Role"`);
    if (filter.state === 'active') conditions.push(Prisma.sql`"bannedAt" IS NULL`);
    if (filter.state === 'banned') conditions.push(Prisma.sql`"bannedAt" IS NOT NULL`);
    const { createdFrom, createdBefore } = filter;
    if (createdFrom !== undefined) conditions.push(Prisma.sql`"createdAt" >= ${new Date(createdFrom)}`);
    if (createdBefore !== undefined) conditions.push(Prisma.sql`"createdAt" < ${new Date(createdBefore)}`);
    if (filter.text !== null) conditions.push(fits(filter.text));
    if (after !== null) conditions.push(Prisma.sql`("createdAt", "id") < (${after.at}, ${after.id}::uuid)`);
    return this.#database.$queryRaw<AccountRow[]>`
      SELECT "id", "username", "displayName", "email", "phone", "role", "bannedAt", "createdAt" FROM "User"
      WHERE ${Prisma.join(conditions, ' AND ')} ORDER BY "createdAt" DESC, "id" DESC LIMIT ${take}`;
  }
}

/** The whole address or number, the beginning of a name, or all words in the names. */
function fits({ folded, words, email, phone }: SearchText): Prisma.Sql {
  const ways = [beginsWith(Prisma.sql`"usernameKey"`, folded), beginsWith(Prisma.sql`"nameKey"`, folded)];
  if (email !== null) ways.push(Prisma.sql`"email" = ${email}`);
  if (phone !== null) ways.push(Prisma.sql`"phone" = ${phone}`);
  if (words.some(isIndexed)) ways.push(Prisma.sql`(${containsAll(words)})`);
  return Prisma.sql`(${Prisma.join(ways, ' OR ')})`;
}
