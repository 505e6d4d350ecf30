import type { Database, DatabaseTransaction } from '@maydan/prisma';
import { releaseMedia } from '../media/media.repo.ts';

const batch = 5_000;
/** Each call of the sweep ends after so many, the next one goes on. */
const maxBatches = 200;

/** Removes what deleted conversations left behind, files too, in short transactions. */
export class ConversationsSweep {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async deleteGone(): Promise<void> {
    for (let round = 0; round < maxBatches; round++) {
      const gone = await this.#database.conversation.findFirst({
        where: { deletedAt: { not: null } },
        orderBy: { deletedAt: 'asc' },
        select: { id: true },
      });
      if (gone === null) return;
      await this.#deleteSome(gone.id);
    }
  }

  async #deleteSome(id: string): Promise<void> {
    await this.#database.$transaction(
      async (transaction) => {
        // One process at a time: who deletes nothing must not take what another has still to do for the end.
        await transaction.$executeRaw`SELECT FROM "Conversation" WHERE "id" = ${id}::uuid FOR UPDATE`;
        if ((await deleteMessages(transaction, id)) < batch) await deleteConversation(transaction, id);
      },
      { timeout: 60_000, maxWait: 5_000 },
    );
  }
}

/** The oldest ones, after their files were given up; how many. */
async function deleteMessages(transaction: DatabaseTransaction, id: string): Promise<number> {
  const files = await transaction.$queryRaw<{ mediaId: string }[]>`
    DELETE FROM "MessageMedia" WHERE "messageId" = ANY(ARRAY(
      SELECT "id" FROM "Message" WHERE "conversationId" = ${id}::uuid ORDER BY "seq" LIMIT ${batch})) RETURNING "mediaId"`;
  await releaseMedia(
    transaction,
    files.map(({ mediaId }) => mediaId),
  );
  return transaction.$executeRaw`
    DELETE FROM "Message" WHERE "conversationId" = ${id}::uuid AND "seq" IN (
      SELECT "seq" FROM "Message" WHERE "conversationId" = ${id}::uuid ORDER BY "seq" LIMIT ${batch})`;
}

async function deleteConversation(transaction: DatabaseTransaction, id: string): Promise<void> {
  const gone = await transaction.$queryRaw<{ avatarId: string | null }[]>`
    DELETE FROM "Conversation" WHERE "id" = ${id}::uuid RETURNING "avatarId"`;
  await releaseMedia(
    transaction,
    gone.flatMap(({ avatarId }) => avatarId ?? []),
  );
}
