import type { Database } from '@maydan/prisma';
import { exported, type ExportedRow, type PersonalData } from '../personalData/PersonalData.ts';
import type { SfuCommands } from './SfuCommands.ts';

/** Somebody's places on stages, which they leave at once, and the bans against them. */
export class StageData implements PersonalData {
  readonly name = 'stage';
  readonly #database: Database;
  readonly #sfu: Pick<SfuCommands, 'removePeer'>;

  constructor(database: Database, sfu: Pick<SfuCommands, 'removePeer'>) {
    this.#database = database;
    this.#sfu = sfu;
  }

  async erase(userId: string): Promise<'done'> {
    const open = await this.#database.stageSeat.findMany({
      where: { userId, session: { state: { notIn: ['ended', 'failed'] } } },
      select: { sessionId: true },
    });
    for (const { sessionId } of open) await this.#sfu.removePeer(sessionId, { userId }, 'removed');
    await this.#database.stageSeat.deleteMany({ where: { userId } });
    await this.#database.sessionBan.deleteMany({ where: { userId } });
    return 'done';
  }

  export(userId: string): AsyncGenerator<ExportedRow> {
    return exported('stageSeats', (take, after: { sessionId: string } | null) =>
      this.#database.stageSeat.findMany({
        where: { userId, ...(after === null ? {} : { sessionId: { gt: after.sessionId } }) },
        orderBy: { sessionId: 'asc' },
        take,
        select: { sessionId: true, state: true, createdAt: true, changedAt: true },
      }),
    );
  }
}
