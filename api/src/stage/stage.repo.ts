import type { LeaveReason, SeatEvent, StageRole } from '@maydan/contracts';
import type { Database, DatabaseTransaction, StagePeer, User } from '@maydan/prisma';
import { lockSession } from '../sessions/sessions.repo.ts';
import { applySeat, banOf, isTaken, type SeatOutcome } from './seatRows.ts';

export interface PeerWord {
  readonly sessionId: string;
  readonly nodeId: string;
  readonly peerId: string;
  readonly userId: string | null;
  readonly role: StageRole;
  readonly at: string;
}

/** What a word about a peer meant. */
export interface PeerOutcome {
  /** Newer than what was known. */
  readonly isNews: boolean;
  /** By all that is known now. */
  readonly isPresent: boolean;
  /** Of a co-host; null for others, and where it changed nothing. */
  readonly seat: SeatOutcome | null;
  readonly isBanned: boolean;
}

export type PeerRow = StagePeer & { user: Pick<User, 'id' | 'username' | 'displayName'> | null };

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

  /** Somebody came on stage; a co-host's seat follows. */
  peerJoined(word: PeerWord): Promise<PeerOutcome> {
    return this.#peer(word, true, 'cameOnStage');
  }

  /** Somebody went off the stage; the seat of a co-host who has no other device on it follows. */
  peerLeft(word: PeerWord, reason: LeaveReason): Promise<PeerOutcome> {
    return this.#peer(word, false, leaveEvents[reason] ?? 'wentOffStage');
  }

  /** Devices on stage, in the order of coming. */
  async present(sessionId: string): Promise<PeerRow[]> {
    const rows = await this.#database.stagePeer.findMany({
      where: { sessionId, isPresent: true },
      orderBy: [{ at: 'asc' }, { peerId: 'asc' }],
    });
    const ids = rows.flatMap(({ userId }) => (userId === null ? [] : [userId]));
    const users = await this.#database.user.findMany({
      where: { id: { in: ids } },
      select: { id: true, username: true, displayName: true },
    });
    const byId = new Map(users.map((user) => [user.id, user]));
    // One that moved to another node may be known twice for a moment.
    const byPeer = new Map(rows.map((row) => [row.peerId, row]));
    return [...byPeer.values()].map((row) => ({ ...row, user: byId.get(row.userId ?? '') ?? null }));
  }

  /** Sessions and nodes of which something is said to be there. */
  async told(): Promise<{ sessionId: string; nodeId: string }[]> {
    const [nodes, peers] = await Promise.all([
      this.#database.stageNode.findMany({ where: { isOn: true }, select: place, take: 5_000 }),
      this.#database.stagePeer.findMany({ where: { isPresent: true }, select: place, take: 20_000 }),
    ]);
    const all = new Map([...nodes, ...peers].map((row) => [`${row.sessionId} ${row.nodeId}`, row]));
    return [...all.values()];
  }

  /** The node has no such room any more and can't say so. Returns who was on stage there. */
  async forget(sessionId: string, nodeId: string): Promise<StagePeer[]> {
    await this.#database.stageNode.updateMany({
      where: { sessionId, nodeId, isOn: true },
      data: { isOn: false },
    });
    return this.#database.stagePeer.findMany({ where: { sessionId, nodeId, isPresent: true } });
  }

  #peer(word: PeerWord, isPresent: boolean, event: SeatEvent): Promise<PeerOutcome> {
    const { sessionId, userId, role } = word;
    return this.#database.$transaction(async (transaction) => {
      await lockSession(transaction, sessionId);
      const isNews = await writePeer(transaction, word, isPresent);
      const known = await transaction.stagePeer.findMany({
        where: {
          sessionId,
          role,
          isPresent: true,
          ...(userId === null ? { peerId: word.peerId } : { userId }),
        },
      });
      const isThere = known.some((row) => row.peerId === word.peerId);
      const isBanned = userId !== null && (await isKeptOut(transaction, sessionId, userId));
      const outcome = { isNews, isPresent: isThere, seat: null, isBanned };
      if (role !== 'cohost' || userId === null) return outcome;
      if (isPresent ? !isThere : !isNews || known.length > 0) return outcome;
      const key = { sessionId_userId: { sessionId, userId } };
      const before = await transaction.stageSeat.findUnique({ where: key });
      // Who went may have asked for a seat anew by now.
      if (!isPresent && !isTaken(before?.state ?? null)) return outcome;
      const session = await transaction.session.findUniqueOrThrow({ where: { id: sessionId } });
      return { ...outcome, seat: await applySeat(transaction, session, userId, event) };
    });
  }
}

/** Banned from the session, or from the platform. */
async function isKeptOut(
  transaction: DatabaseTransaction,
  sessionId: string,
  userId: string,
): Promise<boolean> {
  if ((await transaction.sessionBan.count(banOf(sessionId, userId))) > 0) return true;
  return (await transaction.user.count({ where: { id: userId, bannedAt: { not: null } } })) > 0;
}

/** Who goes for good has no seat any more; who is lost may come back to it. */
const leaveEvents: Partial<Record<LeaveReason, SeatEvent>> = {
  left: 'left',
  removed: 'removed',
  banned: 'removed',
};
const place = { sessionId: true, nodeId: true } as const;

/** False when it is older than what is known. */
async function writePeer(
  transaction: DatabaseTransaction,
  word: PeerWord,
  isPresent: boolean,
): Promise<boolean> {
  const { sessionId, peerId, nodeId, userId, role } = word;
  const changed = await transaction.$executeRaw`
    INSERT INTO "StagePeer" ("sessionId", "peerId", "nodeId", "userId", "role", "isPresent", "at")
    VALUES (${sessionId}::uuid, ${peerId}::uuid, ${nodeId}, ${userId}::uuid, ${role}::"StageRole", ${isPresent}, ${new Date(word.at)})
    ON CONFLICT ("sessionId", "peerId", "nodeId") DO UPDATE SET
      "isPresent" = EXCLUDED."isPresent", "at" = EXCLUDED."at", "userId" = EXCLUDED."userId", "role" = EXCLUDED."role"
    WHERE "StagePeer"."at" < EXCLUDED."at" OR ("StagePeer"."at" = EXCLUDED."at" AND NOT EXCLUDED."isPresent"
      AND "StagePeer"."isPresent")`;
  return changed > 0;
}
