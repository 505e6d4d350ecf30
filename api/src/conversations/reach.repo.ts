import type { Database, DatabaseTransaction } from '@maydan/prisma';
import { lockPairs } from '../people/blocks.repo.ts';
import { checkReach } from './reach.ts';

/** How somebody stands to a person who wants to write to them or add them to a group. */
export interface Reach {
  readonly id: string;
  /** A block lies between the two. */
  readonly blocked: boolean;
  /** Their privacy settings let the person write to them. */
  readonly takes: boolean;
  /** How many conversations they are in. */
  readonly memberships: number;
}

/**
 * Throws as `checkReach` does unless all of them can be reached; until the transaction ends nobody blocks anybody between
 * the person and them.
 */
export async function requireReach(
  transaction: DatabaseTransaction,
  fromId: string,
  toIds: readonly string[],
): Promise<void> {
  if (toIds.length === 0) return;
  await lockPairs(transaction, fromId, toIds);
  checkReach(toIds, await reachOf(transaction, fromId, toIds));
}

/** Of those people who are there; one query for all. */
export function reachOf(
  database: Pick<Database | DatabaseTransaction, '$queryRaw'>,
  fromId: string,
  toIds: readonly string[],
): Promise<Reach[]> {
  return database.$queryRaw<Reach[]>`
    SELECT "id",
      EXISTS (SELECT FROM "Block" WHERE "blockerId" = "id" AND "blockedId" = ${fromId}::uuid
        UNION ALL SELECT FROM "Block" WHERE "blockerId" = ${fromId}::uuid AND "blockedId" = "id") AS "blocked",
      CASE "messagesFrom"
        WHEN 'everyone' THEN true
        WHEN 'followed' THEN EXISTS (SELECT FROM "Follow" WHERE "followerId" = "id" AND "followeeId" = ${fromId}::uuid)
        WHEN 'contacts' THEN EXISTS (SELECT FROM "Contact" WHERE "ownerId" = "id" AND "contactId" = ${fromId}::uuid)
        ELSE false
      END AS "takes",
      (SELECT count(*)::int FROM "Member" WHERE "userId" = "id") AS "memberships"
    FROM "User" WHERE "id" = ANY(${toIds}::uuid[]) AND "bannedAt" IS NULL`;
}
