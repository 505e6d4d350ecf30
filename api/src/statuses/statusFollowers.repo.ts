import type { StatusAudience } from '@maydan/contracts';
import { Prisma, type Database } from '@maydan/prisma';
import type { Cursor } from '../sessions/cursor.ts';

/** Followers who are read at once. */
export const followersAtOnce = 500;
/** Clients that were away for so long may come back and be told what they missed. */
const mayComeBackSec = 150;

export interface StatusFollower {
  readonly id: string;
  readonly since: Date;
  /** Was connected until a moment ago. */
  readonly justLeft: boolean;
}

/** Whom a status may be told to, in PostgreSQL. */
export class StatusFollowersRepo {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** The next ones of those who follow the owner and may see what is for this audience. */
  next(ownerId: string, audience: StatusAudience, after: Cursor | null): Promise<StatusFollower[]> {
    const behind =
      after === null
        ? Prisma.sql`TRUE`
        : Prisma.sql`(p."createdAt", p."id") < (${after.at}::timestamptz, ${after.id}::uuid)`;
    return this.#database.$queryRaw<StatusFollower[]>`
      SELECT p."id", p."createdAt" AS "since",
        coalesce(seen."at" > now() - ${mayComeBackSec}::int * interval '1 second', false) AS "justLeft"
      FROM (${audienceOf(ownerId, audience)}) p LEFT JOIN "LastSeen" seen ON seen."userId" = p."id"
      WHERE ${behind} ORDER BY p."createdAt" DESC, p."id" DESC LIMIT ${followersAtOnce}`;
  }
}

/** People have few contacts, and perhaps very many followers. */
function audienceOf(ownerId: string, audience: StatusAudience): Prisma.Sql {
  if (audience !== 'contacts') {
    return Prisma.sql`SELECT "followerId" AS "id", "createdAt" FROM "Follow" WHERE "followeeId" = ${ownerId}::uuid`;
  }
  return Prisma.sql`
    SELECT "contactId" AS "id", "createdAt" FROM "Contact" c WHERE "ownerId" = ${ownerId}::uuid
      AND EXISTS (SELECT FROM "Follow" WHERE "followerId" = c."contactId" AND "followeeId" = ${ownerId}::uuid)`;
}
