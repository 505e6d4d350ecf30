import { createHash } from 'node:crypto';
import { AppError } from '@maydan/common';
import type { Database, DatabaseTransaction } from '@maydan/prisma';

/** A request that is done once, however often it is sent. Keys are each user's own. */
export interface KeyedRequest {
  readonly userId: string;
  readonly key: string;
  /** What is asked for, for example `gift`. */
  readonly operation: string;
  readonly request: object;
}

/** How long a key is remembered. */
const keptMs = 90 * 86_400_000;

/** SHA-256 of what is asked, in the order in which its schema names it. */
export function requestHashOf({ operation, request }: KeyedRequest): string {
  return createHash('sha256')
    .update(JSON.stringify([operation, request]))
    .digest('hex');
}

/**
 * Takes the key for an answer, in the transaction of what is done: null. Was it done before, the answer of then; one that is
 * being done is waited for. Throws `idempotency_conflict` when something else was asked under the key. A request that fails leaves no key.
 */
export async function claimKey(
  transaction: DatabaseTransaction,
  request: KeyedRequest,
  answer: object,
): Promise<unknown> {
  const { userId, key, operation } = request;
  const made = await transaction.$executeRaw`
    INSERT INTO "IdempotencyKey" ("userId", "key", "operation", "requestHash", "answer")
    VALUES (${userId}::uuid, ${key}, ${operation}, ${requestHashOf(request)}, ${JSON.stringify(answer)}::jsonb)
    ON CONFLICT DO NOTHING`;
  return made === 1 ? null : storedAnswer(transaction, request);
}

/** The answer to a request that was done before; null: it was not. Throws `idempotency_conflict`. */
export async function storedAnswer(
  database: Pick<DatabaseTransaction, 'idempotencyKey'>,
  request: KeyedRequest,
): Promise<unknown> {
  const { userId, key } = request;
  const row = await database.idempotencyKey.findUnique({ where: { userId_key: { userId, key } } });
  if (row === null) return null;
  if (row.requestHash !== requestHashOf(request)) throw new AppError('idempotency_conflict');
  return row.answer;
}

/** Forgets old keys. */
export async function deleteOldKeys(database: Database, now: Date): Promise<void> {
  await database.idempotencyKey.deleteMany({
    where: { createdAt: { lt: new Date(now.getTime() - keptMs) } },
  });
}
