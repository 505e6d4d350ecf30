import {
  newId,
  Prisma,
  type ConversationKind,
  type Database,
  type DatabaseTransaction,
  type Member,
} from '@maydan/prisma';
import { releaseMedia, useMedia } from '../media/media.repo.ts';
import { lockPair } from '../people/blocks.repo.ts';
import type { PageWish } from '../people/listed.ts';
import { messageColumns, messageJoins, sharedColumns } from './columns.repo.ts';
import { reachOf, requireReach } from './reach.repo.ts';
import type { ConversationRow } from './rows.ts';

/** Why somebody isn't let into a conversation; `hidden`: they aren't there, or a block lies between. */
export type Refusal = 'hidden' | 'refuses';

export type DirectOutcome = { readonly id: string; readonly made: boolean } | { readonly refusal: Refusal };

export interface NewConversation {
  readonly kind: Exclude<ConversationKind, 'direct'>;
  readonly name: string;
  readonly nameKey: string | null;
  readonly description: string;
}

/** A file of the owner as the picture; null: none. */
export interface AvatarChange {
  readonly ownerId: string;
  readonly mediaId: string | null;
}

/** A conversation and somebody's place in it, as far as rights go. */
export interface Place {
  readonly kind: ConversationKind;
  readonly role: Member['role'] | null;
}

/** Conversations in PostgreSQL, as their members see them. */
export class ConversationsRepo {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Null when it isn't there for the viewer. */
  async find(viewerId: string, id: string): Promise<ConversationRow | null> {
    const [row] = await this.#view(
      viewerId,
      Prisma.sql`
        SELECT ${sharedColumns}, ${ownColumns}
        FROM "Conversation" c LEFT JOIN "Member" me ON me."conversationId" = c."id" AND me."userId" = ${viewerId}::uuid
        WHERE c."id" = ${id}::uuid AND c."deletedAt" IS NULL AND (me."userId" IS NOT NULL OR c."kind" = 'publicChannel')`,
    );
    return row ?? null;
  }

  /** Somebody's conversations, the most lately active first; one query, however many they are. */
  list(viewerId: string, { after, take }: PageWish): Promise<ConversationRow[]> {
    const behind =
      after === null
        ? Prisma.empty
        : Prisma.sql`AND (c."activeAt", c."id") < (${after.at}::timestamptz, ${after.id}::uuid)`;
    return this.#view(
      viewerId,
      Prisma.sql`
        SELECT ${sharedColumns}, ${ownColumns}
        FROM "Member" me JOIN "Conversation" c ON c."id" = me."conversationId"
        WHERE me."userId" = ${viewerId}::uuid AND c."deletedAt" IS NULL
          AND NOT (me."hidden" AND c."lastSeq" <= me."fromSeq") ${behind}
        ORDER BY c."activeAt" DESC, c."id" DESC LIMIT ${take}`,
    );
  }

  /** What the viewer may do there; null when it isn't there for them. */
  async place(viewerId: string, id: string): Promise<Place | null> {
    const [row] = await this.#database.$queryRaw<Place[]>`
      SELECT c."kind", me."role" FROM "Conversation" c
      LEFT JOIN "Member" me ON me."conversationId" = c."id" AND me."userId" = ${viewerId}::uuid
      WHERE c."id" = ${id}::uuid AND c."deletedAt" IS NULL AND (me."userId" IS NOT NULL OR c."kind" = 'publicChannel')`;
    return row ?? null;
  }

  countOf(userId: string): Promise<number> {
    return this.#database.member.count({ where: { userId } });
  }

  /**
   * The one conversation of two people, made when there is none yet; then the other sees it with its first
   * message. Listed for who asks, from now on.
   */
  direct(userId: string, otherId: string): Promise<DirectOutcome> {
    return this.#database.$transaction(async (transaction) => {
      await lockPair(transaction, userId, otherId);
      const pairKey = pairKeyOf(userId, otherId);
      const found = await transaction.conversation.findUnique({ where: { pairKey }, select: { id: true } });
      const [reach] = await reachOf(transaction, userId, [otherId]);
      if (reach === undefined || reach.blocked) return { refusal: 'hidden' };
      if (found === null && !reach.takes) return { refusal: 'refuses' };
      if (found === null) {
        return { id: await createDirect(transaction, pairKey, userId, otherId), made: true };
      }
      const where = { conversationId: found.id, userId, hidden: true };
      await transaction.member.updateMany({ where, data: { hidden: false } });
      return { id: found.id, made: false };
    });
  }

  /** The id of the conversation of two people; null: there is none. */
  async findDirect(userId: string, otherId: string): Promise<string | null> {
    const where = { pairKey: pairKeyOf(userId, otherId) };
    return (await this.#database.conversation.findUnique({ where, select: { id: true } }))?.id ?? null;
  }

  /** With its owner and those who are in it from the start, who can all be reached: throws as `checkReach` does. */
  create(ownerId: string, memberIds: readonly string[], data: NewConversation): Promise<string> {
    const id = newId();
    return this.#database.$transaction(async (transaction) => {
      await requireReach(transaction, ownerId, memberIds);
      await transaction.conversation.create({ data: { id, ...data } });
      const owner = { conversationId: id, userId: ownerId, role: 'owner' as const };
      const others = memberIds.map((userId) => ({ conversationId: id, userId }));
      await transaction.member.createMany({ data: [owner, ...others] });
      return id;
    });
  }

  /** Throws `conflict` for a picture that can't be used; then nothing is changed. */
  update(
    id: string,
    { avatar, ...data }: Partial<Omit<NewConversation, 'kind'>> & { avatar?: AvatarChange },
  ): Promise<void> {
    return this.#database.$transaction(async (transaction) => {
      const { count } = await transaction.conversation.updateMany({
        where: { id, deletedAt: null },
        data: { ...data, updatedAt: new Date() },
      });
      if (count > 0 && avatar !== undefined) await changeAvatar(transaction, id, avatar);
    });
  }

  /** For all, at once; the rows go later. False when it was deleted before. */
  async delete(id: string, now: Date): Promise<boolean> {
    const { count } = await this.#database.conversation.updateMany({
      where: { id, deletedAt: null },
      data: { deletedAt: now },
    });
    return count > 0;
  }

  /** Takes what is there now out of somebody's view; with the next message the conversation is listed again. */
  async clear(id: string, userId: string): Promise<void> {
    await this.#database.$executeRaw`
      UPDATE "Member" SET "hidden" = true, "fromSeq" = c."lastSeq", "lastReadSeq" = c."lastSeq"
      FROM "Conversation" c
      WHERE c."id" = ${id}::uuid AND "conversationId" = c."id" AND "userId" = ${userId}::uuid`;
  }

  /** `page` selects conversations with the viewer's place in them. */
  #view(viewerId: string, page: Prisma.Sql): Promise<ConversationRow[]> {
    return this.#database.$queryRaw<ConversationRow[]>`
      SELECT page.*, ou."id" AS "otherId", ou."username" AS "otherUsername", ou."displayName" AS "otherName", ${messageColumns}
      FROM (${page}) AS page
      LEFT JOIN LATERAL (
        SELECT "userId" FROM "Member"
        WHERE page."kind" = 'direct' AND "conversationId" = page."id" AND "userId" <> ${viewerId}::uuid LIMIT 1) o ON true
      LEFT JOIN "User" ou ON ou."id" = o."userId" AND ou."deletedAt" IS NULL
      LEFT JOIN "Message" m ON m."conversationId" = page."id" AND m."seq" = page."lastSeq" AND m."seq" > page."fromSeq"
      ${messageJoins}
      ORDER BY page."activeAt" DESC, page."id" DESC`;
  }
}

/** The conversation's row is locked: two changes at once come one after the other. The picture before is released. */
async function changeAvatar(
  transaction: DatabaseTransaction,
  id: string,
  { ownerId, mediaId }: AvatarChange,
): Promise<void> {
  const before = await transaction.conversation.findUnique({ where: { id }, select: { avatarId: true } });
  if (before === null || before.avatarId === mediaId) return;
  if (mediaId !== null) await useMedia(transaction, [mediaId], { ownerId, purpose: 'avatar', uses: 0 });
  await transaction.conversation.update({ where: { id }, data: { avatarId: mediaId } });
  if (before.avatarId !== null) await releaseMedia(transaction, [before.avatarId]);
}

const ownColumns = Prisma.sql`
  c."lastSeq", c."activeAt", me."role", me."joinedAt", me."fromSeq", me."lastReadSeq"`;

function pairKeyOf(userId: string, otherId: string): string {
  return [userId, otherId].sort().join(' ');
}

async function createDirect(
  transaction: DatabaseTransaction,
  pairKey: string,
  userId: string,
  otherId: string,
): Promise<string> {
  const id = newId();
  await transaction.conversation.create({ data: { id, kind: 'direct', pairKey } });
  await transaction.member.createMany({
    data: [
      { conversationId: id, userId },
      { conversationId: id, userId: otherId, hidden: true },
    ],
  });
  return id;
}
