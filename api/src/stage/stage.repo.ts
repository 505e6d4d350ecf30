import type { Database } from '@maydan/prisma';

/** What sfu nodes told about stages, in PostgreSQL. */
export class StageRepo {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Whether somebody on stage of the node sends; an older word than the last one changes nothing. */
  async setNode(word: { sessionId: string; nodeId: string; at: string }, isOn: boolean): Promise<void> {
    const { sessionId, nodeId, at } = word;
    await this.#database.$executeRaw`
      INSERT INTO "StageNode" ("sessionId", "nodeId", "isOn", "at")
      VALUES (${sessionId}::uuid, ${nodeId}, ${isOn}, ${new Date(at)})
      ON CONFLICT ("sessionId", "nodeId") DO UPDATE SET "isOn" = EXCLUDED."isOn", "at" = EXCLUDED."at"
      WHERE "StageNode"."at" < EXCLUDED."at" OR ("StageNode"."at" = EXCLUDED."at" AND NOT EXCLUDED."isOn")`;
  }

  /** Whether somebody on stage of any node sends. */
  async isOn(sessionId: string): Promise<boolean> {
    return (await this.#database.stageNode.count({ where: { sessionId, isOn: true } })) > 0;
  }
}
