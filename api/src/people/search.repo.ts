import { maxFound, type PublicUser } from '@maydan/contracts';
import { ask, Prisma, type Database } from '@maydan/prisma';
import { listedTo, visibleSql, type Viewer } from './blocks.repo.ts';
import { publicFields } from './listed.ts';
import { isIndexed, similarityOf, type SearchPosition, type SearchText } from './searchText.ts';

/** Somebody found: how well (0 is best), and what orders those found equally well. */
export type Found = PublicUser & SearchPosition;

export interface SearchPage {
  readonly after: SearchPosition | null;
  readonly take: number;
}

/** Who belongs to it, and what orders them. */
interface Tier {
  readonly number: number;
  readonly where: Prisma.Sql;
  readonly key: Prisma.Sql;
  /** Who is looked through. */
  readonly from?: Prisma.Sql;
}

/** Of those who are similar at all, no more are compared. */
const maxCompared = 200;
/** Of those whose names contain some words, no more are sorted: a family name may be thousands of people's. */
const maxContaining = 500;
/** Of each tier: a constant, as PostgreSQL takes a limit that it is told later for a tenth of all. */
const mostTaken = Prisma.raw(String(maxFound + 1));
const everybody = Prisma.sql`"User"`;
const username = Prisma.sql`"usernameKey"`;
const name = Prisma.sql`"nameKey"`;
/** A column that Prisma doesn't know; see the migration. */
const letters = Prisma.sql`"letters"`;

/** Finds people in PostgreSQL. Names are stored folded (`foldText`), and sorted by their bytes. */
export class SearchRepo {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Who lets themselves be found by this address or number, and has proved it as their own; null for nobody. */
  byContact({ email, phone }: SearchText, viewer: Viewer): Promise<PublicUser | null> {
    const contacts: Prisma.UserWhereInput[] = [];
    if (email !== null) contacts.push({ email, foundByEmail: true, emailVerifiedAt: { not: null } });
    if (phone !== null) contacts.push({ phone, foundByPhone: true });
    if (contacts.length === 0) return Promise.resolve(null);
    return this.#database.user.findFirst({
      where: { AND: [{ OR: contacts }, listedTo(viewer)] },
      ...publicFields,
    });
  }

  /** Exact names, then those that begin with the text, then those that contain its words; each tier in the order of names. */
  async byName(text: SearchText, viewer: Viewer, { after, take }: SearchPage): Promise<Found[]> {
    const found = await this.#tiers(prefixTiers(text), viewer, { after, take });
    if (found.length >= take || !text.words.some(isIndexed)) return found;
    const rest = await this.#tiers([wordTier(text)], viewer, { after, take: take - found.length });
    return [...found, ...rest];
  }

  /** Names that are spelled nearly so, the nearest first. */
  async similar({ folded, words }: SearchText, viewer: Viewer, take: number): Promise<Found[]> {
    const similarity = String(similarityOf(words));
    const [, rows] = await this.#database.$transaction([
      // The index over letters, not a look at everybody: PostgreSQL takes any text for similar to a tenth of all names.
      this.#database.$executeRaw`
        SELECT set_config('pg_trgm.word_similarity_threshold', ${similarity}, true), set_config('enable_seqscan', 'off', true), set_config('enable_indexscan', 'off', true)`,
      this.#database.$queryRaw<Found[]>`
        SELECT "id", "username", "displayName", 5 AS "tier", '' AS "key" FROM (
          SELECT * FROM "User"
          WHERE search_letters(${folded}) <% ${letters} AND "bannedAt" IS NULL AND ${visibleSql(viewer)}
          LIMIT ${maxCompared}
        ) AS candidates
        ORDER BY word_similarity(search_letters(${folded}), ${letters}) DESC, "nameKey", "id" LIMIT ${take}`,
    ]);
    return rows;
  }

  async #tiers(tiers: readonly Tier[], viewer: Viewer, { after, take }: SearchPage): Promise<Found[]> {
    const asked = tiers.filter(({ number }) => after === null || number >= after.tier);
    if (asked.length === 0) return [];
    const rows = asked.map(
      (tier) => Prisma.sql`(
        SELECT "id", "username", "displayName", ${tier.number}::int AS "tier", ${tier.key} AS "key"
        FROM ${tier.from ?? everybody} AS "User"
        WHERE ${tier.where} AND "bannedAt" IS NULL AND ${visibleSql(viewer)} AND ${behind(tier, after)}
        ORDER BY ${tier.key}, "id" LIMIT ${mostTaken})`,
    );
    const all = Prisma.sql`
      SELECT * FROM (${Prisma.join(rows, ' UNION ALL ')}) AS found ORDER BY "tier", "key", "id" LIMIT ${take}`;
    // What contains words is planned for these words, the few other statements that there are once.
    return asked.some(({ from }) => from !== undefined)
      ? this.#database.$queryRaw<Found[]>(all)
      : ask(this.#database, all);
  }
}

function prefixTiers({ folded }: SearchText): Tier[] {
  const isName = Prisma.sql`${name} = ${folded}`;
  const isUsername = Prisma.sql`${username} = ${folded}`;
  return [
    { number: 0, key: username, where: isUsername },
    { number: 1, key: name, where: Prisma.sql`${isName} AND NOT ${isUsername}` },
    {
      number: 2,
      key: username,
      where: Prisma.sql`${beginsWith(username, folded)} AND NOT (${isUsername} OR ${isName})`,
    },
    {
      number: 3,
      key: name,
      where: Prisma.sql`${beginsWith(name, folded)} AND NOT (${isName} OR ${beginsWith(username, folded)})`,
    },
  ];
}

/**
 * The limit bounds the work, and keeps PostgreSQL from walking through all names in their order instead of asking the index:
 * it takes words for evenly spread over the names, but those of one script stand together.
 */
function wordTier({ folded, words }: SearchText): Tier {
  const isPrefix = Prisma.sql`(${beginsWith(username, folded)} OR ${beginsWith(name, folded)})`;
  return {
    number: 4,
    key: name,
    from: Prisma.sql`(
      SELECT "id", "username", "displayName", "usernameKey", "nameKey", "bannedAt" FROM "User"
      WHERE ${containsAll(words)} AND NOT ${isPrefix} LIMIT ${maxContaining})`,
    where: Prisma.sql`TRUE`,
  };
}

/**
 * For a query that reads "User": the names contain all words. The index finds candidates by the words that have three
 * letters in a row; the names themselves decide.
 */
export function containsAll(words: readonly string[]): Prisma.Sql {
  const conditions = words.map((word) => {
    const pattern = `%${escaped(word)}%`;
    const has = Prisma.sql`(${username} LIKE ${pattern} OR ${name} LIKE ${pattern})`;
    return isIndexed(word) ? Prisma.sql`${letters} LIKE search_letters(${pattern}) AND ${has}` : has;
  });
  return Prisma.join(conditions, ' AND ');
}

/**
 * For a query: in the order of bytes, what begins with a text lies between it and it with the last character of all. As
 * subqueries, PostgreSQL plans for any text and walks along the index: when it knows the text, it takes what begins with
 * it for hardly anybody's name, and fetches and sorts the thousands whose it is.
 */
export function beginsWith(column: Prisma.Sql, text: string): Prisma.Sql {
  return Prisma.sql`(${column} >= (SELECT ${text}) AND ${column} < (SELECT ${`${text}\u{10ffff}`}))`;
}

function behind({ number, key }: Tier, after: SearchPosition | null): Prisma.Sql {
  if (after?.tier !== number) return Prisma.sql`TRUE`;
  return Prisma.sql`(${key}, "id") > (${after.key}, ${after.id}::uuid)`;
}

/** For LIKE: its signs stand for themselves. */
function escaped(text: string): string {
  return text.replace(/[\\%_]/g, '\\$&');
}
