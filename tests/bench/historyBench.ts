import pg from 'pg';
import { encodeSeqCursor } from '../../api/src/conversations/seqCursor.ts';
import type { Account } from '../../api/src/testing/TestApi.ts';
import { TestBackend } from '../../api/src/testing/TestBackend.ts';
import { KeptClient } from './KeptClient.ts';
import { percentile, printRows, type BenchRow } from './measure.ts';

const MESSAGES = 1_000_000;
const REQUESTS = 1_000;
const WARM_UP = 100;
const PAGE = 50;
const BAR_MS = 20;

/** Numbered messages of the members in turn, each tenth of them an answer to the one before. */
async function fill(sql: pg.Client, conversationId: string, senders: readonly string[]): Promise<void> {
  await sql.query(
    `INSERT INTO "Message" ("id", "conversationId", "seq", "senderId", "tempId", "text", "replyToSeq")
     SELECT gen_random_uuid(), $1, n, ($2::uuid[])[n % 3 + 1], 'bench-' || n,
       repeat('text of message ' || n || ' ', 1 + n % 5), CASE WHEN n % 10 = 0 THEN n - 1 END
     FROM generate_series(1, $3::int) AS n`,
    [conversationId, senders, MESSAGES],
  );
  await sql.query(`UPDATE "Conversation" SET "lastSeq" = $2 WHERE "id" = $1`, [conversationId, MESSAGES]);
  await sql.query('VACUUM (ANALYZE)');
  // What was just written goes to the disk now, not while it is measured: nobody writes a million messages before they read.
  await sql.query('CHECKPOINT');
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

/** Milliseconds of each; the two ways take turns, so that both meet the same machine. */
async function inTurns(
  through: (index: number) => Promise<unknown>,
  bare: (index: number) => Promise<unknown>,
): Promise<{ through: number[]; bare: number[] }> {
  const took: { through: number[]; bare: number[] } = { through: [], bare: [] };
  for (let index = -WARM_UP; index < REQUESTS; index++) {
    const [one, other] = [await timed(() => through(index)), await timed(() => bare(index))];
    if (index < 0) continue;
    took.through.push(one);
    took.bare.push(other);
  }
  return took;
}

const pageSql = `
  SELECT m.*, s."username", s."displayName" FROM "Message" m LEFT JOIN "User" s ON s."id" = m."senderId"
  WHERE m."conversationId" = $1 AND m."seq" < $2 ORDER BY m."seq" DESC LIMIT ${PAGE}`;

/**
 * Pages of a conversation of a million messages over HTTP, from an api process of its own, one after the other; beside it
 * the same page by bare SQL on one connection.
 */
export async function run(): Promise<boolean> {
  const backend = await TestBackend.start({ durable: true });
  const sql = new pg.Client({ connectionString: backend.databaseUrl });
  let client: KeptClient | undefined;
  try {
    await sql.connect();
    const maker = await backend.startApi({ LOG_LEVEL: 'error' });
    const people = await Promise.all([1, 2, 3].map(() => maker.register()));
    const [reader] = people as [Account];
    const memberIds = people.slice(1).map(({ user }) => user.id);
    const { id } = await reader.client.conversations.create({ kind: 'group', name: 'bench', memberIds });
    await fill(
      sql,
      id,
      people.map(({ user }) => user.id),
    );
    await maker.close();
    // As in production: tests tidy up far more often.
    const api = await backend.startProcess(0, { TIDYING_PERIOD_MS: '60000' });
    client = new KeptClient(api.url, 1);
    const asking = client;
    const ask = async (query: string): Promise<void> => {
      const path = `/api/v1/conversations/${id}/messages?limit=${PAGE}${query}`;
      const { items } = JSON.parse(await asking.ask(path, { token: reader.accessToken })) as {
        items?: unknown[];
      };
      if (items?.length !== PAGE) throw new Error('not a whole page');
    };
    const bare = (before: number) => sql.query(pageSql, [id, before]);
    const chosen = Array.from(
      { length: REQUESTS + WARM_UP },
      () => PAGE + 1 + Math.floor(Math.random() * (MESSAGES - PAGE)),
    );
    const seqAt = (index: number): number => chosen.at(index) ?? MESSAGES;
    const first = await inTurns(
      () => ask(''),
      () => bare(MESSAGES + 1),
    );
    const any = await inTurns(
      (index) => ask(`&cursor=${encodeSeqCursor({ way: 'older', seq: seqAt(index) })}`),
      (index) => bare(seqAt(index)),
    );
    const rows = [rowOf('first page', first, true), rowOf('a page anywhere', any, false)];
    printRows('history', rows);
    return rows.every(({ ok }) => ok);
  } finally {
    client?.close();
    await sql.end();
    await backend.close();
  }
}

function rowOf(name: string, took: { through: number[]; bare: number[] }, hasBar: boolean): BenchRow {
  const told = (values: readonly number[]): string =>
    `${percentile(values, 50).toFixed(1)} ms, p99 ${percentile(values, 99).toFixed(1)} ms`;
  const value = `${told(took.through)} (bare SQL: ${told(took.bare)})`;
  const p99 = percentile(took.through, 99);
  return { name, value, bar: hasBar ? `p99 ≤ ${BAR_MS} ms` : '–', ok: !hasBar || p99 <= BAR_MS };
}
