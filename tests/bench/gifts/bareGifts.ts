import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';
import type { Database } from '@maydan/prisma';

const tables = [
  'IdempotencyKey',
  'LedgerEntry',
  'LedgerPosting',
  'SentGift',
  'GiftNews',
  'NotificationCause',
];

/** Tables as ours with their indexes and without a single rule, and accounts whose balances the script updates itself. */
export async function prepareBare(database: Database, senders: number, receivers: number): Promise<void> {
  const run = (sql: string): Promise<unknown> => database.$executeRawUnsafe(sql);
  for (const table of tables) {
    await run(`CREATE TABLE "bare_${table}" (LIKE "${table}" INCLUDING DEFAULTS INCLUDING INDEXES)`);
  }
  await run(`CREATE TABLE "bare_account" ("id" int PRIMARY KEY, "balance" bigint NOT NULL)`);
  // Senders from 1, receivers from 1,000,001, the platform at 0.
  await run(`INSERT INTO "bare_account" SELECT n, 1000000000 FROM generate_series(0, ${senders}) n`);
  await run(`INSERT INTO "bare_account" SELECT 1000000 + n, 0 FROM generate_series(1, ${receivers}) n`);
}

/** The rows of one gift, as anybody would write them: one transaction, three accounts updated. */
const script = (senders: number, receivers: number): string => `
\\set sender random(1, ${senders})
\\set receiver 1000000 + random(1, ${receivers})
BEGIN;
UPDATE "bare_account" SET "balance" = "balance" - 10 WHERE "id" = :sender AND "balance" >= 10;
WITH ids AS MATERIALIZED (SELECT gen_random_uuid() AS "id", gen_random_uuid() AS "cause",
    lpad(:sender::text, 32, '0')::uuid AS "sender", lpad(:receiver::text, 32, '0')::uuid AS "receiver", lpad('0', 32, '0')::uuid AS "platform"),
  key AS (INSERT INTO "bare_IdempotencyKey" ("userId", "key", "operation", "requestHash", "answer")
    SELECT "sender", "id"::text, 'gift', md5("id"::text) || md5("cause"::text), jsonb_build_object('id', "id", 'sender', "sender",
      'recipient', "receiver", 'quantity', 1, 'coins', 10, 'gift', jsonb_build_object('name', jsonb_build_object('en', 'Rose', 'ar', 'وردة')), 'pad', repeat('x', 400)) FROM ids),
  entry AS (INSERT INTO "bare_LedgerEntry" ("id", "kind", "ref", "postings") SELECT "id", 'gift', 'gift:' || "id", 3 FROM ids),
  posted AS (INSERT INTO "bare_LedgerPosting" ("accountId", "entryId", "amount")
    SELECT a."account", "id", a."amount" FROM ids, LATERAL (VALUES ("sender", -10), ("receiver", 7), ("platform", 3)) AS a("account", "amount")),
  sent AS (INSERT INTO "bare_SentGift" ("id", "sessionId", "senderId", "recipientId", "giftId", "quantity", "coins", "commission")
    SELECT "id", "receiver", "sender", "receiver", "platform", 1, 10, 3 FROM ids),
  news AS (INSERT INTO "bare_GiftNews" ("id", "giftId") SELECT "id", "id" FROM ids)
INSERT INTO "bare_NotificationCause" ("key", "id", "type", "userId", "actorId", "groupKey", "data")
  SELECT 'gift:' || "receiver" || "sender", "cause", 'gift', "receiver", "sender", 'gift', '{}'::jsonb FROM ids ON CONFLICT DO NOTHING;
UPDATE "bare_account" SET "balance" = "balance" + 7 WHERE "id" = :receiver;
UPDATE "bare_account" SET "balance" = "balance" + 3 WHERE "id" = 0;
COMMIT;
`;

export interface BareShape {
  readonly senders: number;
  readonly receivers: number;
  /** At once. */
  readonly clients: number;
  readonly seconds: number;
}

/** Gifts a second that pgbench writes with them. */
export async function bareGiftsPerSec(
  databaseUrl: string,
  { senders, receivers, clients, seconds }: BareShape,
): Promise<number> {
  const dir = await mkdtemp(join(tmpdir(), 'maydan-pgbench-'));
  try {
    const file = join(dir, 'gift.sql');
    await writeFile(file, script(senders, receivers));
    const options = ['-n', '-M', 'prepared', '-c', String(clients), '-j', '1', '-T', String(seconds)];
    const child = spawn('pgbench', [...options, '-f', file, databaseUrl], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let text = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
    }
    const [code] = (await once(child, 'close')) as [number | null];
    const found = /tps = ([\d.]+)/.exec(text)?.[1];
    if (code !== 0 || found === undefined)
      throw new Error(`pgbench (of postgresql-contrib): ${text.slice(-2_000)}`);
    return Number(found);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}
