import type { DatabaseTransaction } from '@maydan/prisma';

/** For transactions that take the lock of a chat: many may write in one room at once. */
export const chatRoomWaits = { timeout: 15_000, maxWait: 5_000 };

/**
 * Until the transaction ends, no message is stored in the chat of the session: those that were being stored are there, others
 * meet what the transaction wrote. Comes before other locks of the session, as messages take it first.
 */
export async function lockChatRoom(transaction: DatabaseTransaction, sessionId: string): Promise<void> {
  await transaction.$executeRaw`
    INSERT INTO "ChatRoom" ("sessionId") VALUES (${sessionId}::uuid) ON CONFLICT DO NOTHING`;
  await transaction.$queryRaw`
    SELECT 1 AS "one" FROM "ChatRoom" WHERE "sessionId" = ${sessionId}::uuid FOR UPDATE`;
}
