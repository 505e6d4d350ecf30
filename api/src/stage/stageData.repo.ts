import type { Database, Prisma, StagePeer } from '@maydan/prisma';
import { exported, type ExportedRow, type PersonalData } from '../personalData/PersonalData.ts';
import type { SfuCommands } from './SfuCommands.ts';

/** Somebody's places on stages, which they leave at once, and bans: those against them, and what they wrote to theirs. */
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
    await this.#database.sessionBan.updateMany({
      where: { byId: userId },
      data: { byId: null, reason: null },
    });
    return 'done';
  }

  async *export(userId: string): AsyncGenerator<ExportedRow> {
    yield* exported('stageSeats', (take, after: { sessionId: string } | null) =>
      this.#database.stageSeat.findMany({
        where: { userId, ...(after === null ? {} : { sessionId: { gt: after.sessionId } }) },
        orderBy: { sessionId: 'asc' },
        take,
        select: { sessionId: true, state: true, createdAt: true, changedAt: true },
      }),
    );
    yield* exported('stageDevices', (take, after: PeerKey | null) =>
      this.#database.stagePeer.findMany({
        where: { userId, ...(after === null ? {} : behindPeer(after)) },
        orderBy: [{ sessionId: 'asc' }, { peerId: 'asc' }, { nodeId: 'asc' }],
        take,
        select: { sessionId: true, peerId: true, nodeId: true, role: true, isPresent: true, at: true },
      }),
    );
    yield* exported('sessionBans', (take, after: { sessionId: string } | null) =>
      this.#database.sessionBan.findMany({
        where: { userId, ...(after === null ? {} : { sessionId: { gt: after.sessionId } }) },
        orderBy: { sessionId: 'asc' },
        take,
        select: { sessionId: true, reason: true, createdAt: true },
      }),
    );
  }
}

type PeerKey = Pick<StagePeer, 'sessionId' | 'peerId' | 'nodeId'>;

function behindPeer({ sessionId, peerId, nodeId }: PeerKey): Prisma.StagePeerWhereInput {
  return {
    OR: [
      { sessionId: { gt: sessionId } },
      { sessionId, peerId: { gt: peerId } },
      { sessionId, peerId, nodeId: { gt: nodeId } },
    ],
  };
}
