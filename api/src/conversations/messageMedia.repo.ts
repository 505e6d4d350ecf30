import type { Database, DatabaseTransaction, Media } from '@maydan/prisma';

/** Which messages have which files, in PostgreSQL. */
export class MessageMediaRepo {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** The files of all these messages, in their order; one query. */
  ofMessages(messageIds: readonly string[]): Promise<(Media & { readonly messageId: string })[]> {
    return this.#database.$queryRaw<(Media & { readonly messageId: string })[]>`
      SELECT mm."messageId", f.* FROM "MessageMedia" mm JOIN "Media" f ON f."id" = mm."mediaId"
      WHERE mm."messageId" = ANY(${[...messageIds]}::uuid[]) ORDER BY mm."messageId", mm."position"`;
  }

  /** Whether one of the messages that the viewer sees has the file. */
  async mayRead(viewerId: string, mediaId: string): Promise<boolean> {
    const [row] = await this.#database.$queryRaw<{ found: boolean }[]>`
      SELECT EXISTS (
        SELECT FROM "MessageMedia" mm
        JOIN "Message" m ON m."id" = mm."messageId"
        JOIN "Conversation" c ON c."id" = m."conversationId" AND c."deletedAt" IS NULL
        JOIN "Member" me ON me."conversationId" = c."id" AND me."userId" = ${viewerId}::uuid AND me."fromSeq" < m."seq"
        WHERE mm."mediaId" = ${mediaId}::uuid) AS "found"`;
    return row?.found === true;
  }
}

export async function addMessageMedia(
  transaction: DatabaseTransaction,
  messageId: string,
  mediaIds: readonly string[],
): Promise<void> {
  const data = mediaIds.map((mediaId, position) => ({ messageId, position, mediaId }));
  await transaction.messageMedia.createMany({ data });
}

/** The ids of the files that a message had. */
export async function takeMessageMedia(
  transaction: DatabaseTransaction,
  messageId: string,
): Promise<string[]> {
  const rows = await transaction.$queryRaw<{ mediaId: string }[]>`
    DELETE FROM "MessageMedia" WHERE "messageId" = ${messageId}::uuid RETURNING "mediaId"`;
  return rows.map(({ mediaId }) => mediaId);
}
