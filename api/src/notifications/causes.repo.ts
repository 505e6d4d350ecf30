import { newId, type DatabaseTransaction } from '@maydan/prisma';
import type { Cause } from './causes.ts';

/**
 * Writes down, in the transaction of what happened, that people are to be told of it: both are there, or neither. What
 * was written before under the key stays. Wake the outbox once the transaction is committed; without that it looks by itself.
 */
export async function notify(transaction: DatabaseTransaction, cause: Cause): Promise<void> {
  await transaction.notificationCause.createMany({ data: { id: newId(), ...cause }, skipDuplicates: true });
}
