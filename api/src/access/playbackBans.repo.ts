import { playbackTokenSec } from '@maydan/contracts';
import { ask, Prisma, type Database } from '@maydan/prisma';
import { banEntry, type BanEntry } from './PlaybackBans.ts';

interface Row {
  readonly playbackId: string | null;
  readonly userId: string;
  readonly createdAt: Date;
  readonly expiresAt: Date | null;
}

/** In one answer; more bans than that within a day are told in the moment alone. */
const most = 50_000;

/** Bans, in PostgreSQL, that concern playback tokens which may still be good. */
export class PlaybackBansRepo {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Those that hold, of sessions and of accounts. */
  async recent(now: Date): Promise<BanEntry[]> {
    const since = new Date(now.getTime() - playbackTokenSec * 1_000);
    const rows = await ask<Row>(
      this.#database,
      Prisma.sql`
      (SELECT s."playbackId", b."userId", b."createdAt", b."expiresAt"
        FROM "SessionBan" b JOIN "Session" s ON s."id" = b."sessionId"
        WHERE b."createdAt" > ${since} AND (b."expiresAt" IS NULL OR b."expiresAt" > ${now})
        ORDER BY b."createdAt" DESC LIMIT ${most})
      UNION ALL
      (SELECT NULL, "userId", "createdAt", "expiresAt" FROM "AccountBan"
        WHERE "createdAt" > ${since} AND ("expiresAt" IS NULL OR "expiresAt" > ${now})
        ORDER BY "createdAt" DESC LIMIT ${most})`,
    );
    return rows.map(({ playbackId, ...ban }) => banEntry(playbackId, ban));
  }
}
