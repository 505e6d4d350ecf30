import type { SessionListInput } from '@maydan/contracts';
import { Prisma, type Database } from '@maydan/prisma';
import { listedTo, viewing } from '../access/access.repo.ts';
import type { Viewer } from '../people/blocks.repo.ts';
import type { Cursor } from './cursor.ts';
import { withPeople, type SessionRow } from './sessions.repo.ts';

/** What sessions are looked for. */
export interface Wanted {
  readonly viewer: Viewer;
  readonly state: SessionListInput['state'];
  readonly type: SessionListInput['type'];
  readonly category: string | undefined;
  /** `tagKey` of a tag. */
  readonly tag: string | undefined;
  /** In lower case. */
  readonly host: string | undefined;
  /** Folded, and whether the index over letters knows of them. */
  readonly words: readonly { readonly text: string; readonly isIndexed: boolean }[];
}

/** A session, and its place in a ranking, from 1. */
export interface Ranked {
  readonly place: number;
  readonly session: SessionRow;
}

export type ListOrder = 'createdAt' | 'startedAt' | 'scheduledStartAt';
const maxRanked = 5_000;

const states = {
  live: Prisma.sql`s."state" IN ('starting', 'live', 'interrupted') AND s."readyAt" IS NOT NULL AND s."startedAt" IS NOT NULL`,
  // As the index over recordings has it.
  ended: Prisma.sql`s."recorded" AND s."state" IN ('ended', 'failed') AND s."visibility" <> 'unlisted' AND s."startedAt" IS NOT NULL
    AND s."hiddenAt" IS NULL`,
  scheduled: Prisma.sql`s."state" = 'idle' AND s."scheduledStartAt" > now() - interval '1 hour'`,
} as const;

/** Sessions as everybody finds them, in PostgreSQL. */
export class SessionListsRepo {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** In the order of when they were made or began, the newest first; of when they are to begin, the next one first. */
  async page(
    wanted: Wanted,
    order: ListOrder,
    page: { after: Cursor | null; take: number },
  ): Promise<SessionRow[]> {
    const { after, take } = page;
    const isUp = order === 'scheduledStartAt';
    const column = Prisma.raw(`s."${order}"`);
    const [beyond, way] = [Prisma.raw(isUp ? '>' : '<'), Prisma.raw(isUp ? 'ASC' : 'DESC')];
    const behind =
      after === null
        ? Prisma.empty
        : Prisma.sql`AND (${column}, s."id") ${beyond} (${after.at}::timestamptz, ${after.id}::uuid)`;
    const found = await this.#database.$queryRaw<{ id: string }[]>`
      SELECT s."id" FROM "Session" s ${sources(wanted)} WHERE ${conditions(wanted)} ${behind}
      ORDER BY ${column} ${way}, s."id" ${way} LIMIT ${take}`;
    const rows = await this.#rows(found);
    return found.flatMap(({ id }) => rows.get(id) ?? []);
  }

  /** Live ones, by how many watch, those who most do first. */
  async ranking(): Promise<string[]> {
    const rows = await this.#database.$queryRaw<{ id: string }[]>`
      SELECT s."id" FROM "Session" s LEFT JOIN "SessionAudience" a ON a."sessionId" = s."id"
      WHERE ${states.live} AND s."visibility" <> 'unlisted'
      ORDER BY coalesce(a."concurrent", 0) DESC, s."id" DESC LIMIT ${maxRanked}`;
    return rows.map(({ id }) => id);
  }

  /** Those of a ranking behind a place. */
  async ranked(
    wanted: Wanted,
    ranking: readonly string[],
    page: { after: number; take: number },
  ): Promise<Ranked[]> {
    const { after, take } = page;
    const found = await this.#database.$queryRaw<{ id: string; place: number }[]>`
      SELECT s."id", r."place"::int FROM unnest(${[...ranking]}::uuid[]) WITH ORDINALITY AS r("id", "place")
      JOIN "Session" s ON s."id" = r."id" ${sources(wanted)}
      WHERE r."place" > ${after}::int AND ${conditions(wanted)} ORDER BY r."place" LIMIT ${take}`;
    const rows = await this.#rows(found);
    return found.flatMap(({ id, place }) => {
      const session = rows.get(id);
      return session === undefined ? [] : [{ place, session }];
    });
  }

  async #rows(found: readonly { id: string }[]): Promise<Map<string, SessionRow>> {
    const rows = await this.#database.session.findMany({
      where: { id: { in: found.map(({ id }) => id) } },
      include: withPeople,
    });
    return new Map(rows.map((row) => [row.id, row]));
  }
}

/** What is read beside "Session". */
function sources({ viewer }: Wanted): Prisma.Sql {
  return Prisma.sql`JOIN "User" h ON h."id" = s."hostId" ${viewing(viewer)}`;
}

/** Of a banned account nobody is told. */
function conditions({ viewer, state, type, category, tag, host, words }: Wanted): Prisma.Sql {
  const parts = [states[state], Prisma.sql`h."bannedAt" IS NULL`, listedTo(viewer)];
  if (type !== undefined) parts.push(Prisma.sql`s."type" = ${type}::"SessionType"`);
  if (category !== undefined) parts.push(Prisma.sql`s."category" = ${category}`);
  if (tag !== undefined) parts.push(Prisma.sql`s."tagKeys" @> ${[tag]}::text[]`);
  if (host !== undefined) parts.push(Prisma.sql`h."usernameKey" = ${host}`);
  return Prisma.join([...parts, ...containing(words)], ' AND ');
}

/** The index finds candidates by the words that it knows, the text itself decides. None that it knows: they are tags. */
function containing(words: Wanted['words']): Prisma.Sql[] {
  if (words.length === 0) return [];
  if (!words.some(({ isIndexed }) => isIndexed))
    return [Prisma.sql`s."tagKeys" @> ${words.map(({ text }) => text)}::text[]`];
  const whole = Prisma.sql`session_text(s."titleKey", s."descriptionKey", coalesce(s."tagKeys", '{}'), s."hostKey")`;
  return words.flatMap(({ text, isIndexed }) => {
    const has = Prisma.sql`strpos(${whole}, ${text}) > 0`;
    // A column that Prisma doesn't know; see the migration.
    const pattern = `%${text.replace(/[\\%_]/g, '\\$&')}%`;
    return isIndexed ? [Prisma.sql`s."letters" LIKE search_letters(${pattern})`, has] : [has];
  });
}
