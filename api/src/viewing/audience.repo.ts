import { ask, Prisma, type Database } from '@maydan/prisma';
import { sampleMs, slotAt } from '../analytics/slots.ts';
import type { Seed, Watched } from './ViewingStore.ts';

/** How sessions are watched, in PostgreSQL. */
export class AudienceRepo {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Writes how these sessions stand; sums never go back, whoever wrote last. */
  async store(all: readonly Watched[]): Promise<void> {
    const column = <K extends keyof Watched>(key: K): Watched[K][] => all.map((watched) => watched[key]);
    await ask(
      this.#database,
      Prisma.sql`
      INSERT INTO "SessionAudience" AS a ("sessionId", "concurrent", "peak", "unique", "watchMs", "pendingMs", "countedAt", "reactions")
      SELECT t."sessionId", t.c, t.p, t.u, t.w, t."pendingMs", to_timestamp(t."atMs" / 1000.0), t.r FROM unnest(${column('sessionId')}::uuid[], ${column('concurrent')}::int[], ${column('peak')}::int[],
        ${column('unique')}::int[], ${column('watchMs')}::bigint[], ${column('pendingMs')}::bigint[], ${column('atMs')}::bigint[],
        ${column('reactions')}::int[]) AS t("sessionId", c, p, u, w, "pendingMs", "atMs", r)
      WHERE EXISTS (SELECT FROM "Session" s WHERE s."id" = t."sessionId")
      ON CONFLICT ("sessionId") DO UPDATE SET "concurrent" = EXCLUDED."concurrent",
        "peak" = greatest(a."peak", EXCLUDED."peak"), "unique" = greatest(a."unique", EXCLUDED."unique"),
        "watchMs" = greatest(a."watchMs", EXCLUDED."watchMs"), "pendingMs" = EXCLUDED."pendingMs",
        "countedAt" = EXCLUDED."countedAt", "reactions" = greatest(a."reactions", EXCLUDED."reactions")`,
    );
  }

  /** Notes how these sessions are watched now, for their timelines; what a half minute has seen at most stays. */
  async sample(all: readonly Watched[], now: Date): Promise<void> {
    if (all.length === 0) return;
    const column = <K extends keyof Watched>(key: K): Watched[K][] => all.map((watched) => watched[key]);
    const at = new Date(Math.floor(now.getTime() / sampleMs) * sampleMs);
    await ask(
      this.#database,
      Prisma.sql`
      INSERT INTO "ViewerSample" AS v ("sessionId", "at", "viewers", "watchMs")
      SELECT t."sessionId", ${at}::timestamptz, t."viewers", t."watchMs"
      FROM unnest(${column('sessionId')}::uuid[], ${column('concurrent')}::int[], ${column('watchMs')}::bigint[])
        AS t("sessionId", "viewers", "watchMs")
      WHERE EXISTS (SELECT FROM "Session" s WHERE s."id" = t."sessionId")
      ON CONFLICT ("sessionId", "at") DO UPDATE SET "viewers" = greatest(v."viewers", EXCLUDED."viewers"),
        "watchMs" = greatest(v."watchMs", EXCLUDED."watchMs")`,
    );
  }

  async storeSketch(sessionId: string, sketch: Uint8Array): Promise<void> {
    await this.#database.sessionAudience.updateMany({
      where: { sessionId },
      data: { sketch: new Uint8Array(sketch) },
    });
  }

  /** Who watched in a quarter of an hour, as far as it has come. */
  async storeSlot(sessionId: string, at: Date, sketch: Uint8Array): Promise<void> {
    await ask(
      this.#database,
      Prisma.sql`
      INSERT INTO "ViewerSketch" ("sessionId", "at", "sketch")
      SELECT "id", ${at}::timestamptz, ${sketch}::bytea FROM "Session" WHERE "id" = ${sessionId}::uuid
      ON CONFLICT ("sessionId", "at") DO UPDATE SET "sketch" = EXCLUDED."sketch"`,
    );
  }

  async seed(sessionId: string, now: Date): Promise<Seed> {
    const at = slotAt(now);
    const slotRow = await this.#database.viewerSketch.findUnique({
      where: { sessionId_at: { sessionId, at } },
    });
    const slot = { at, sketch: slotRow?.sketch ?? null };
    const row = await this.#database.sessionAudience.findUnique({ where: { sessionId } });
    if (row === null) return { peak: 0, watchMs: 0, sinceMs: 0, reactions: 0, sketch: null, slot };
    const { peak, watchMs, pendingMs, countedAt, reactions, sketch } = row;
    const sinceMs = countedAt?.getTime() ?? 0;
    return { peak, watchMs: Number(watchMs + pendingMs), sinceMs, reactions, sketch, slot };
  }

  /** Nobody watches the others. What was pending of them was watched by people whom a Redis lost that did not see them end. */
  async nobody(exceptIds: readonly string[]): Promise<void> {
    await ask(
      this.#database,
      Prisma.sql`
      UPDATE "SessionAudience" SET "concurrent" = 0, "watchMs" = "watchMs" + "pendingMs", "pendingMs" = 0
      WHERE "concurrent" > 0 AND "sessionId" <> ALL(${exceptIds}::uuid[])`,
    );
  }
}
