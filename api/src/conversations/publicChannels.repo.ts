import { Prisma, type Database } from '@maydan/prisma';
import { sharedColumns } from './columns.repo.ts';
import type { SharedRow } from './rows.ts';

export type PublicChannelRow = SharedRow & { readonly joined: boolean };

/** Fewer letters than the index knows words by: names that begin with them are found. */
const indexedLength = 3;

/** Public channels as everybody finds them, in PostgreSQL. */
export class PublicChannelsRepo {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Whose names have all words of `folded` (`foldText`) in them, by name, behind the channel of the id `after`. */
  list(
    viewerId: string,
    { folded, after, take }: { folded: string; after: string | null; take: number },
  ): Promise<PublicChannelRow[]> {
    const behind =
      after === null
        ? Prisma.empty
        : Prisma.sql`AND (c."nameKey", c."id") > (SELECT "nameKey", "id" FROM "Conversation" WHERE "id" = ${after}::uuid)`;
    return this.#database.$queryRaw<PublicChannelRow[]>`
      SELECT ${sharedColumns}, EXISTS (
        SELECT FROM "Member" WHERE "conversationId" = c."id" AND "userId" = ${viewerId}::uuid) AS "joined"
      FROM "Conversation" c
      WHERE c."nameKey" IS NOT NULL AND c."deletedAt" IS NULL ${matching(folded)} ${behind}
      ORDER BY c."nameKey", c."id" LIMIT ${take}`;
  }
}

function matching(folded: string): Prisma.Sql {
  if (folded.length < indexedLength) return Prisma.sql`AND starts_with(c."nameKey", ${folded})`;
  const words = folded.split(' ').slice(0, 8);
  const each = words.map((word) => {
    const pattern = `%${word.replace(/[\\%_]/g, '\\$&')}%`;
    return Prisma.sql`AND channel_letters(c."nameKey") LIKE channel_letters(${pattern}) AND strpos(c."nameKey", ${word}) > 0`;
  });
  return Prisma.join(each, ' ');
}
