import type { Database } from '@maydan/prisma';

/** Of each of the kinds below. */
export const manyRows = 10_000;

/**
 * What others have: as on an installation that is used by many for long. Some of it is due to be removed: 20 statuses with who
 * has seen them, sign-ins with their tokens, codes, notifications, bans, and a conversation with its messages.
 */
const rows: readonly string[] = [
  `CREATE TEMP TABLE bulk ON COMMIT DROP AS
   SELECT n, gen_random_uuid() AS id, n <= 20 AS due, now() - n * interval '1 minute' AS past FROM generate_series(1, ${manyRows}) n`,
  `INSERT INTO "User" ("id", "username", "usernameKey", "displayName", "nameKey", "email", "createdAt", "updatedAt")
   SELECT id, 'bulk_' || n, 'bulk_' || n, md5(n::text), md5(n::text), n || '@bulk.example', past, past FROM bulk`,
  `INSERT INTO "LastSeen" ("userId", "at") SELECT id, past FROM bulk`,
  `CREATE TEMP TABLE pairs ON COMMIT DROP AS
   SELECT one.*, other.id AS other FROM bulk one JOIN bulk other ON other.n = one.n % ${manyRows} + 1`,
  `INSERT INTO "Follow" ("followerId", "followeeId", "createdAt") SELECT id, other, past FROM pairs`,
  `INSERT INTO "Contact" ("ownerId", "contactId", "createdAt") SELECT id, other, past FROM pairs`,
  `INSERT INTO "Subscriber" ("hostId", "userId", "createdAt", "until")
   SELECT id, other, past, CASE WHEN due THEN past END FROM pairs`,
  `INSERT INTO "Block" ("blockerId", "blockedId", "createdAt") SELECT other, id, past FROM pairs`,
  `INSERT INTO "SignIn" ("id", "userId", "expiresAt")
   SELECT id, id, now() + CASE WHEN due THEN interval '-1 year' ELSE interval '1 day' END FROM bulk`,
  `INSERT INTO "RefreshToken" ("hash", "signInId") SELECT md5(n::text), id FROM bulk`,
  `INSERT INTO "PushDevice" ("id", "userId", "signInId", "kind", "target") SELECT id, id, id, 'fcm', md5(n::text) FROM bulk`,
  `INSERT INTO "PhoneCode" ("phone", "codeHash", "sentAt", "expiresAt")
   SELECT '+' || n, '', past, CASE WHEN due THEN now() - interval '2 days' ELSE now() + interval '1 day' END FROM bulk`,
  `INSERT INTO "Session" ("id", "hostId", "title", "titleKey", "hostKey", "tags", "tagKeys", "playbackId", "state", "recorded",
     "createdAt", "updatedAt", "stateChangedAt", "startedAt", "endedAt", "posterPath")
   SELECT id, id, md5(n::text), md5(n::text), 'bulk_' || n, ARRAY['tag ' || n], ARRAY['tag ' || n], md5(n::text), 'ended', true,
     past - interval '3 years', past, past - interval '3 years', past - interval '3 years', past - interval '3 years', 'poster.jpg' FROM bulk`,
  `INSERT INTO "SessionAudience" ("sessionId", "peak", "unique") SELECT id, 1, 1 FROM bulk`,
  `INSERT INTO "SessionReminder" ("sessionId", "userId", "createdAt") SELECT id, other, past FROM pairs`,
  `INSERT INTO "SessionBan" ("sessionId", "userId", "byId", "createdAt", "expiresAt")
   SELECT id, other, other, past - interval '1 year', CASE WHEN due THEN past ELSE now() + interval '1 day' END FROM pairs`,
  `INSERT INTO "SessionBanTrace" ("sessionId", "userId", "kind", "hash", "expiresAt")
   SELECT id, other, 'device', md5(n::text), CASE WHEN due THEN past END FROM pairs`,
  `INSERT INTO "AccountBan" ("userId", "byId", "reason", "createdAt", "expiresAt", "enforcedAt")
   SELECT id, other, 'spam', past - interval '1 year', CASE WHEN due THEN past ELSE now() + interval '1 day' END, past FROM pairs`,
  `INSERT INTO "AccountBanTrace" ("userId", "kind", "hash", "expiresAt")
   SELECT id, 'address', md5(n::text), CASE WHEN n <= 40 THEN past END FROM bulk`,
  `INSERT INTO "Conversation" ("id", "kind", "name", "nameKey", "memberCount", "lastSeq", "activeAt", "deletedAt")
   SELECT id, 'publicChannel', md5(n::text), md5(n::text), 1, 1, past, CASE WHEN n = 1 THEN past END FROM bulk`,
  `INSERT INTO "Member" ("conversationId", "userId", "role", "joinedAt") SELECT id, other, 'owner', past FROM pairs`,
  `INSERT INTO "ConversationRemoval" ("conversationId", "userId") SELECT id, id FROM bulk`,
  `INSERT INTO "Message" ("id", "conversationId", "seq", "senderId", "tempId", "createdAt")
   SELECT id, id, 1, other, n::text, past FROM pairs`,
  `INSERT INTO "Media" ("id", "ownerId", "purpose", "kind", "state", "stateChangedAt", "declaredType", "declaredBytes",
     "uploadExpiresAt", "uploadKept", "uses")
   SELECT id, other, 'message', 'image', 'ready', past - interval '2 days', 'image/png', 1, past, false, 1 FROM pairs`,
  `INSERT INTO "MessageMedia" ("messageId", "position", "mediaId") SELECT id, 0, id FROM bulk`,
  `INSERT INTO "Status" ("id", "userId", "tempId", "text", "audience", "createdAt", "expiresAt")
   SELECT id, id, 'one', 'hello', 'everyone', past, CASE WHEN due THEN past ELSE now() + interval '1 day' END FROM bulk`,
  `INSERT INTO "StatusView" ("statusId", "viewerId") SELECT id, other FROM pairs`,
  `INSERT INTO "NotificationCause" ("key", "id", "type", "userId", "actorId", "groupKey", "data", "createdAt", "dueAt")
   SELECT 'follow:' || n, id, 'follow', other, id, 'follow', '{}', past, NULL FROM pairs`,
  `INSERT INTO "Notification" ("userId", "id", "type", "groupKey", "openKey", "shown", "actorIds", "actorCount", "data", "at")
   SELECT other, id, 'follow', 'follow', 'follow', true, ARRAY[id], 1, '{}', CASE WHEN due THEN now() - interval '1 year' ELSE past END
   FROM pairs`,
  `INSERT INTO "AccountExport" ("id", "userId", "state", "createdAt", "changedAt", "finishedAt", "expiresAt", "run", "mostFiles", "fileBytes")
   SELECT id, id, 'ready', past, past, past, now() + interval '1 day', 1, 1, '{1}' FROM bulk`,
];

/** The tables that have many rows. */
export const bigTables: readonly string[] = rows.flatMap((sql) => /INSERT INTO "(\w+)"/.exec(sql)?.[1] ?? []);

/** Written at once, without the triggers that keep counts. */
export function insertManyRows(database: Database): Promise<void> {
  return database.$transaction(
    async (transaction) => {
      await transaction.$executeRawUnsafe(`SET LOCAL session_replication_role = replica`);
      for (const sql of rows) await transaction.$executeRawUnsafe(sql);
      for (const table of bigTables) await transaction.$executeRawUnsafe(`ANALYZE "${table}"`);
    },
    { timeout: 120_000, maxWait: 10_000 },
  );
}

/** How many rows and entries of indices have been read of each of these tables, by connections that have ended. */
export async function readRows(database: Database): Promise<Map<string, number>> {
  const found = await database.$queryRaw<{ name: string; reads: number }[]>`
    SELECT t.relname AS "name", (t.seq_tup_read + (
      SELECT coalesce(sum(i.idx_tup_read), 0) FROM pg_stat_user_indexes i WHERE i.relid = t.relid))::float AS "reads"
    FROM pg_stat_user_tables t WHERE t.relname = ANY(${[...bigTables]}::text[])`;
  return new Map(found.map(({ name, reads }) => [name, reads]));
}

/** The connections of clients, but for the one that asks. */
export async function connections(database: Database): Promise<number[]> {
  const found = await database.$queryRaw<{ pid: number }[]>`
    SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()`;
  return found.map(({ pid }) => pid);
}
