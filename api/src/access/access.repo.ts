import { ask, Prisma, type Database } from '@maydan/prisma';
import type { Also } from '../audit/audit.repo.ts';
import { invitationCause } from '../notifications/causes.ts';
import { notify } from '../notifications/causes.repo.ts';
import type { Viewer } from '../people/blocks.repo.ts';
import { behind, publicFields, type Listed, type PageWish } from '../people/listed.ts';
import { withPeople, type SessionRow } from '../sessions/sessions.repo.ts';

/** How somebody who is neither host nor moderator stands to a session. */
export interface Standing {
  /** A block lies between them and the host, or the host's account is banned. */
  readonly isHidden: boolean;
  readonly isBanned: boolean;
  /** The session isn't private, or lets them in. */
  readonly isAdmitted: boolean;
}

/** Somebody in a session. */
export interface Place {
  readonly sessionId: string;
  readonly userId: string;
}

/** For queries that read "Session" as s and "User" as u. */
const isHidden = Prisma.sql`(
  EXISTS (SELECT FROM "Block" WHERE "blockerId" = u."id" AND "blockedId" = s."hostId")
  OR EXISTS (SELECT FROM "Block" WHERE "blockerId" = s."hostId" AND "blockedId" = u."id")
  OR EXISTS (SELECT FROM "User" WHERE "id" = s."hostId" AND "bannedAt" IS NOT NULL))`;
const isBanned = Prisma.sql`
  EXISTS (SELECT FROM "SessionBan" WHERE "sessionId" = s."id" AND "userId" = u."id"
    AND ("expiresAt" IS NULL OR "expiresAt" > now()))`;
/** Whom the host has called on stage, or made a moderator of the room, is let in, too. */
const isAdmitted = Prisma.sql`(s."visibility" <> 'private'
  OR EXISTS (SELECT FROM "SessionInvitation" WHERE "sessionId" = s."id" AND "userId" = u."id")
  OR EXISTS (SELECT FROM "RoomModerator" WHERE "hostId" = s."hostId" AND "userId" = u."id")
  OR EXISTS (SELECT FROM "StageSeat" WHERE "sessionId" = s."id" AND "userId" = u."id"
    AND "state" IN ('invited', 'accepted', 'onStage'))
  OR (s."privateFor" = 'followers'
    AND EXISTS (SELECT FROM "Follow" WHERE "followerId" = u."id" AND "followeeId" = s."hostId")))`;

/** Whom the session lets in, for queries that read "Session" as s and "User" as u. */
export const isLetIn = Prisma.sql`(u."role" <> 'user' OR u."id" = s."hostId"
  OR (NOT ${isHidden} AND NOT ${isBanned} AND ${isAdmitted}))`;

/** The columns of a `Standing`. */
export const standingColumns = Prisma.sql`${isHidden} AS "isHidden", ${isBanned} AS "isBanned", ${isAdmitted} AS "isAdmitted"`;

/** Whether the session is shown to the viewer in lists, for queries that read "Session" as s and `viewing` beside it. */
export function listedTo(viewer: Viewer): Prisma.Sql {
  if (viewer === null) return Prisma.sql`s."visibility" = 'public'`;
  const others = Prisma.sql`NOT ${isHidden} AND (s."visibility" = 'public' OR (NOT ${isBanned} AND ${isAdmitted}))`;
  return Prisma.sql`s."visibility" <> 'unlisted' AND (u."role" <> 'user' OR u."id" = s."hostId" OR (${others}))`;
}

/** The row of the viewer, as u; for guests nothing. */
export function viewing(viewer: Viewer): Prisma.Sql {
  return viewer === null ? Prisma.empty : Prisma.sql`JOIN "User" u ON u."id" = ${viewer.id}::uuid`;
}

/** `isShut` for queries that read "Session", as the index over such sessions has it. */
const shutSessions = Prisma.sql`("visibility" = 'private' OR "hiddenAt" IS NOT NULL OR "recordingDeletedAt" IS NOT NULL)`;

/** The same for Prisma. */
const whereShut = {
  OR: [{ visibility: 'private' }, { hiddenAt: { not: null } }, { recordingDeletedAt: { not: null } }],
} satisfies Prisma.SessionWhereInput;

/** Who is let into sessions, in PostgreSQL. */
export class AccessRepo {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async standing(sessionId: string, userId: string): Promise<Standing> {
    const [row] = await ask<Standing>(
      this.#database,
      Prisma.sql`
      SELECT ${standingColumns}
      FROM "Session" s, "User" u WHERE s."id" = ${sessionId}::uuid AND u."id" = ${userId}::uuid`,
    );
    return row ?? { isHidden: true, isBanned: false, isAdmitted: false };
  }

  /** Those of the places whose users may go on watching, as `sessionId userId`. */
  async watching(places: readonly Place[]): Promise<Set<string>> {
    if (places.length === 0) return new Set();
    const rows = await ask<Place>(
      this.#database,
      Prisma.sql`
      SELECT s."id" AS "sessionId", u."id" AS "userId"
      FROM unnest(${places.map((place) => place.sessionId)}::uuid[], ${places.map((place) => place.userId)}::uuid[])
        AS place("sessionId", "userId")
      JOIN "Session" s ON s."id" = place."sessionId" JOIN "User" u ON u."id" = place."userId"
      WHERE u."bannedAt" IS NULL AND ${isLetIn}
        AND (u."role" <> 'user' OR (s."hiddenAt" IS NULL AND s."recordingDeletedAt" IS NULL))`,
    );
    return new Set(rows.map(({ sessionId, userId }) => `${sessionId} ${userId}`));
  }

  sessions(
    ids: readonly string[],
  ): Promise<
    Pick<SessionRow, 'id' | 'playbackId' | 'visibility' | 'state' | 'hiddenAt' | 'recordingDeletedAt'>[]
  > {
    return this.#database.session.findMany({
      where: { id: { in: [...ids] } },
      select: {
        ...{ id: true, playbackId: true, visibility: true, state: true },
        ...{ hiddenAt: true, recordingDeletedAt: true },
      },
    });
  }

  /** Those that are shut. In SQL, as Prisma hands the word over in a way in which their index isn't used. */
  async countPrivate(): Promise<number> {
    const [row] = await ask<{ count: number }>(
      this.#database,
      Prisma.sql`SELECT count(*)::int AS "count" FROM "Session" WHERE ${shutSessions}`,
    );
    return row?.count ?? 0;
  }

  /** A batch of the playbacks that are shut behind one, in their order. */
  async privatePlaybacks(after: string, take: number): Promise<string[]> {
    const rows = await ask<{ playbackId: string }>(
      this.#database,
      Prisma.sql`SELECT "playbackId" FROM "Session" WHERE ${shutSessions} AND "playbackId" > ${after}
        ORDER BY "playbackId" LIMIT ${take}`,
    );
    return rows.map(({ playbackId }) => playbackId);
  }

  /** Those of the playbacks that are shut. */
  async privateAmong(playbackIds: readonly string[]): Promise<Set<string>> {
    const rows = await this.#database.session.findMany({
      where: { ...whereShut, playbackId: { in: [...playbackIds] } },
      select: { playbackId: true },
    });
    return new Set(rows.map(({ playbackId }) => playbackId));
  }

  async isThere(userId: string): Promise<boolean> {
    return (await this.#database.user.count({ where: { id: userId, bannedAt: null } })) > 0;
  }

  /** Again it changes nothing, and nobody is told again. Null when there are `most` already. `also` is written with it. */
  create(session: SessionRow, userId: string, most: number, also?: Also): Promise<Listed | null> {
    const { id: sessionId } = session;
    return this.#database.$transaction(async (transaction) => {
      const where = { sessionId_userId: { sessionId, userId } };
      const select = { createdAt: true, user: publicFields };
      const known = await transaction.sessionInvitation.findUnique({ where, select });
      if (known === null && (await transaction.sessionInvitation.count({ where: { sessionId } })) >= most)
        return null;
      const data = { sessionId, userId };
      const { count } = await transaction.sessionInvitation.createMany({ data, skipDuplicates: true });
      if (count > 0) await also?.(transaction);
      await notify(transaction, invitationCause(session, userId));
      const { user, createdAt } = await transaction.sessionInvitation.findUniqueOrThrow({ where, select });
      return { user, since: createdAt };
    });
  }

  /** False when there was none. */
  remove(sessionId: string, userId: string, also?: Also): Promise<boolean> {
    return this.#database.$transaction(async (transaction) => {
      const { count } = await transaction.sessionInvitation.deleteMany({ where: { sessionId, userId } });
      if (count > 0) await also?.(transaction);
      return count > 0;
    });
  }

  /** Who is invited, the newest first. */
  async list(sessionId: string, { after, take }: PageWish): Promise<Listed[]> {
    const rows = await this.#database.sessionInvitation.findMany({
      where: { AND: [{ sessionId, user: { bannedAt: null } }, behind(after, 'userId')] },
      orderBy: [{ createdAt: 'desc' }, { userId: 'desc' }],
      take,
      select: { createdAt: true, user: publicFields },
    });
    return rows.map(({ createdAt, user }) => ({ user, since: createdAt }));
  }

  /** Sessions that somebody is invited to and that still let them in, the newest invitation first. */
  async sessionsOf(userId: string, { after, take }: PageWish): Promise<{ at: Date; session: SessionRow }[]> {
    const blocking = { blocks: { none: { blockedId: userId } }, blockedBy: { none: { blockerId: userId } } };
    const session = {
      host: { ...blocking, bannedAt: null },
      bans: { none: { userId, OR: [{ expiresAt: null }, { expiresAt: { gt: new Date() } }] } },
    };
    const rows = await this.#database.sessionInvitation.findMany({
      where: { AND: [{ userId, session }, behind(after, 'sessionId')] },
      orderBy: [{ createdAt: 'desc' }, { sessionId: 'desc' }],
      take,
      select: { createdAt: true, session: { include: withPeople } },
    });
    return rows.map((row) => ({ at: row.createdAt, session: row.session }));
  }
}
