import { ask, Prisma, type BanTraceKind, type Database } from '@maydan/prisma';

/** A device, or an address, that goes with a ban: guests are not let in from there. */
export interface BanTrace {
  readonly kind: BanTraceKind;
  readonly hash: string;
  /** Null: as long as the ban. */
  readonly expiresAt: Date | null;
}

/** From where guests are refused, in PostgreSQL. Whoever lifts a ban lifts these with it: the database sees to that. */
export class TracesRepo {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Whether a ban from the session, or from the platform, holds for one of these. */
  async banAmong(sessionId: string, hashes: readonly string[]): Promise<'session' | 'account' | null> {
    const wanted = Prisma.sql`"hash" = ANY(${[...hashes]}::text[]) AND ("expiresAt" IS NULL OR "expiresAt" > now())`;
    const [found] = await ask<{ scope: 'session' | 'account' }>(
      this.#database,
      Prisma.sql`
      (SELECT 'account' AS "scope" FROM "AccountBanTrace" WHERE ${wanted} LIMIT 1)
      UNION ALL
      (SELECT 'session' FROM "SessionBanTrace" WHERE ${wanted} AND "sessionId" = ${sessionId}::uuid LIMIT 1)
      LIMIT 1`,
    );
    return found?.scope ?? null;
  }
}
