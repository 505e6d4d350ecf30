import type { ReportTargetKind } from '@maydan/contracts';
import type { ChatMute, Database, DatabaseTransaction, User } from '@maydan/prisma';
import { writeAudit, type Act, type Also } from '../audit/audit.repo.ts';
import { chatRoomWaits, lockChatRoom } from '../chat/chatRoomLock.repo.ts';
import { publicFields } from '../people/listed.ts';
import { lockSession } from '../sessions/sessions.repo.ts';
import { requireGiver } from './givers.repo.ts';

export type MuteRow = ChatMute & { user: Pick<User, 'id' | 'username' | 'displayName'> };

export interface NewMute {
  readonly sessionId: string;
  readonly userId: string;
  readonly byId: string;
  readonly reason: string | null;
  readonly until: Date | null;
}

const withUser = { user: publicFields } as const;

/** Whom sanctions in sessions concern, in PostgreSQL. */
export class ModeratedRepo {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Null when there is none, or the account was deleted. */
  findUser(id: string): Promise<User | null> {
    return this.#database.user.findUnique({ where: { id, deletedAt: null } });
  }

  /** In place of an earlier one. Throws as `requireGiver` does. */
  mute(actor: User, { sessionId, userId, ...data }: NewMute, also: Also): Promise<MuteRow> {
    return this.#database.$transaction(async (transaction) => {
      // What they are writing was written before, or meets the mute.
      await lockChatRoom(transaction, sessionId);
      // Of those that come at once, one makes the row and the others change it.
      await lockSession(transaction, sessionId);
      await requireMuter(transaction, actor, sessionId, userId);
      const row = await transaction.chatMute.upsert({
        where: { sessionId_userId: { sessionId, userId } },
        create: { sessionId, userId, ...data },
        update: { ...data, createdAt: new Date() },
        include: withUser,
      });
      await also(transaction);
      return row;
    }, chatRoomWaits);
  }

  /** False when there was none. Throws as `requireGiver` does. */
  unmute(actor: User, sessionId: string, userId: string, also: Also): Promise<boolean> {
    return this.#database.$transaction(async (transaction) => {
      await lockSession(transaction, sessionId);
      await requireMuter(transaction, actor, sessionId, userId);
      const { count } = await transaction.chatMute.deleteMany({ where: { sessionId, userId } });
      if (count > 0) await also(transaction);
      return count > 0;
    });
  }

  /** Those that hold now, the newest first. */
  mutes(sessionId: string): Promise<MuteRow[]> {
    return this.#database.chatMute.findMany({
      where: { sessionId, OR: [{ until: null }, { until: { gt: new Date() } }] },
      orderBy: [{ createdAt: 'desc' }, { userId: 'asc' }],
      take: 1_000,
      include: withUser,
    });
  }

  /** Whether somebody reported it, and moderators have not dismissed that. Within a transaction reports of it wait for its end. */
  async isReported(
    targetKind: ReportTargetKind,
    targetId: string,
    within?: DatabaseTransaction,
  ): Promise<boolean> {
    if (within !== undefined)
      await within.$queryRaw`SELECT 1 AS locked FROM "Report" WHERE "targetId" = ${targetId}::uuid FOR SHARE`;
    const where = { targetId, targetKind, state: { in: ['open', 'resolved'] } };
    return (await (within ?? this.#database).report.findFirst({ where, select: { id: true } })) !== null;
  }

  /** Of what the database doesn't keep the audit log knows alone. */
  write(act: Act): Promise<void> {
    return writeAudit(this.#database, act);
  }

  /** Removes what is over. */
  async deleteExpired(now: Date): Promise<void> {
    await this.#database.chatMute.deleteMany({ where: { until: { lte: now } } });
    await this.#database.sessionBan.deleteMany({ where: { expiresAt: { lte: now } } });
    await this.#database.sessionBanTrace.deleteMany({ where: { expiresAt: { lte: now } } });
    await this.#database.accountBanTrace.deleteMany({ where: { expiresAt: { lte: now } } });
  }
}

/** What an admin muted, admins alone change and lift, as bans. */
async function requireMuter(
  transaction: DatabaseTransaction,
  actor: User,
  sessionId: string,
  userId: string,
): Promise<void> {
  const where = { sessionId_userId: { sessionId, userId } };
  const mute = await transaction.chatMute.findUnique({ where, select: { byId: true, until: true } });
  await requireGiver(transaction, actor, mute === null ? null : { byId: mute.byId, expiresAt: mute.until });
}
