import type { Database } from '@maydan/prisma';

const batch = 5_000;
/** Each call of the sweep ends after so many, the next one goes on. */
const maxBatches = 200;

/** Removes what deleted conversations left behind, in short statements. */
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
    const count = await this.#database.$executeRaw`
      DELETE FROM "Message" WHERE "conversationId" = ${id}::uuid AND "seq" IN (
        SELECT "seq" FROM "Message" WHERE "conversationId" = ${id}::uuid ORDER BY "seq" LIMIT ${batch})`;
    if (count < batch) await this.#database.conversation.deleteMany({ where: { id } });
  }
}
