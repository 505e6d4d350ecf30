import { Prisma, type Database } from '@maydan/prisma';
import { isLetIn } from '../access/access.repo.ts';
import type { PageWish } from '../people/listed.ts';
import { withPeople, type SessionRow } from '../sessions/sessions.repo.ts';

type Scheduled = { readonly state: string; readonly scheduledStartAt: Date | null };

/** Who wants to be reminded of which sessions, in PostgreSQL. */
export class RemindersRepo {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /**
   * Again it changes nothing. When the session begins; `unscheduled`: it has no such time, or has begun. While it is asked, the
   * session stays as it is.
   */
  create(sessionId: string, userId: string, most: number): Promise<Date | 'unscheduled' | 'tooMany'> {
    return this.#database.$transaction(async (transaction) => {
      const [session] = await transaction.$queryRaw<Scheduled[]>`
        SELECT "state"::text, "scheduledStartAt" FROM "Session" WHERE "id" = ${sessionId}::uuid FOR SHARE`;
      if (session?.state !== 'idle' || session.scheduledStartAt === null) return 'unscheduled';
      const { count } = await transaction.sessionReminder.createMany({
        data: { sessionId, userId },
        skipDuplicates: true,
      });
      if (count > 0 && (await transaction.sessionReminder.count({ where: { userId } })) > most) {
        await transaction.sessionReminder.deleteMany({ where: { sessionId, userId } });
        return 'tooMany';
      }
      return session.scheduledStartAt;
    });
  }

  async remove(sessionId: string, userId: string): Promise<void> {
    await this.#database.sessionReminder.deleteMany({ where: { sessionId, userId } });
  }

  /** Sessions that somebody is to be reminded of and may see, the newest wish first. */
  async sessionsOf(userId: string, { after, take }: PageWish): Promise<{ at: Date; session: SessionRow }[]> {
    const behind =
      after === null
        ? Prisma.empty
        : Prisma.sql`AND (r."createdAt", r."sessionId") < (${after.at}::timestamptz, ${after.id}::uuid)`;
    const wishes = await this.#database.$queryRaw<{ at: Date; sessionId: string }[]>`
      SELECT r."createdAt" AS "at", r."sessionId" FROM "SessionReminder" r
      JOIN "Session" s ON s."id" = r."sessionId" JOIN "User" u ON u."id" = r."userId"
      WHERE r."userId" = ${userId}::uuid AND s."state" = 'idle' AND ${isLetIn} ${behind}
      ORDER BY r."createdAt" DESC, r."sessionId" DESC LIMIT ${take}`;
    const sessions = await this.#database.session.findMany({
      where: { id: { in: wishes.map(({ sessionId }) => sessionId) } },
      include: withPeople,
    });
    const byId = new Map(sessions.map((session) => [session.id, session]));
    return wishes.flatMap(({ at, sessionId }) => {
      const session = byId.get(sessionId);
      return session === undefined ? [] : [{ at, session }];
    });
  }
}
