import {
  Prisma,
  type Database,
  type DatabaseTransaction,
  type MemberRole,
  type ConversationKind,
} from '@maydan/prisma';
import { visibleSql, type Viewer } from '../people/blocks.repo.ts';
import type { PageWish } from '../people/listed.ts';
import type { MemberRow } from './rows.ts';

/** A conversation that is locked until the transaction ends, with the role of who acts (null: isn't in it). */
export interface LockedConversation {
  readonly kind: ConversationKind;
  readonly memberCount: number;
  readonly lastSeq: number;
  readonly role: MemberRole | null;
}

/** Who is in which conversation, in PostgreSQL. Triggers count members and hand the conversation of a gone owner over. */
export class MembersRepo {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Who came first at first. What somebody has read is not for those past a block. */
  list(conversationId: string, viewer: Viewer, { after, take }: PageWish): Promise<MemberRow[]> {
    const behind =
      after === null
        ? Prisma.empty
        : Prisma.sql`AND (m."joinedAt", m."userId") > (${after.at}::timestamptz, ${after.id}::uuid)`;
    const marker = Prisma.sql`CASE WHEN ${visibleSql(viewer)} THEN m."lastReadSeq" END`;
    const page = Prisma.sql`m."conversationId" = ${conversationId}::uuid ${behind}
      ORDER BY m."joinedAt", m."userId" LIMIT ${take}`;
    return this.#read(page, marker);
  }

  /** Those of the users who are in it. */
  find(conversationId: string, userIds: readonly string[]): Promise<MemberRow[]> {
    return this
      .#read(Prisma.sql`m."conversationId" = ${conversationId}::uuid AND m."userId" = ANY(${userIds}::uuid[])
      ORDER BY m."joinedAt", m."userId"`);
  }

  async owner(conversationId: string): Promise<MemberRow | null> {
    const [row] = await this.#read(
      Prisma.sql`m."conversationId" = ${conversationId}::uuid AND m."role" = 'owner'`,
    );
    return row ?? null;
  }

  /**
   * Changes who is in a conversation while nobody else does, and no message is numbered. `change` isn't called, and null
   * is the answer, when the conversation isn't there. What `change` throws undoes it all.
   */
  async change<T>(
    conversationId: string,
    actorId: string,
    change: (transaction: DatabaseTransaction, conversation: LockedConversation) => Promise<T>,
  ): Promise<T | null> {
    return this.#database.$transaction(async (transaction) => {
      const [locked] = await transaction.$queryRaw<Omit<LockedConversation, 'role'>[]>`
        SELECT "kind", "memberCount", "lastSeq" FROM "Conversation"
        WHERE "id" = ${conversationId}::uuid AND "deletedAt" IS NULL FOR NO KEY UPDATE`;
      if (locked === undefined) return null;
      const key = { conversationId_userId: { conversationId, userId: actorId } };
      const place = await transaction.member.findUnique({ where: key, select: { role: true } });
      return change(transaction, { ...locked, role: place?.role ?? null });
    });
  }

  #read(where: Prisma.Sql, marker = Prisma.sql`m."lastReadSeq"`): Promise<MemberRow[]> {
    return this.#database.$queryRaw<MemberRow[]>`
      SELECT m."userId", "User"."username", "User"."displayName", m."role", m."joinedAt", ${marker} AS "lastReadSeq"
      FROM "Member" m JOIN "User" ON "User"."id" = m."userId" WHERE ${where}`;
  }
}

/** New members see what is written from now on; of a public channel all there is. Who is in it stays as they are. The ids of the new ones. */
export async function insertMembers(
  transaction: DatabaseTransaction,
  conversationId: string,
  { kind, lastSeq }: Pick<LockedConversation, 'kind' | 'lastSeq'>,
  userIds: readonly string[],
): Promise<string[]> {
  const fromSeq = kind === 'publicChannel' ? 0 : lastSeq;
  const rows = await transaction.member.createManyAndReturn({
    data: userIds.map((userId) => ({ conversationId, userId, fromSeq, lastReadSeq: lastSeq })),
    skipDuplicates: true,
    select: { userId: true },
  });
  return rows.map(({ userId }) => userId);
}
