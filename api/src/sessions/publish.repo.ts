import type { Database, DatabaseTransaction, Session, User } from '@maydan/prisma';
import { onAirStates } from './controlDocument.ts';
import { newPlaybackId } from './sessions.repo.ts';

/** A prepared session is taken by a publish from this long before its scheduled start. */
const earlyMs = 24 * 3_600_000;

export type Admission =
  | { readonly type: 'admitted'; readonly session: Session; readonly created: boolean }
  | { readonly type: 'unknownKey' }
  | { readonly type: 'banned'; readonly userId: string };

/** Decides about publishes in one transaction each. */
export class PublishRepo {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /**
   * Raises the epoch of the host's session (on air, else prepared, else a new one). The rows of key and host are
   * locked: simultaneous publishes take their turn, and a revocation or a ban either refuses the publish or finds
   * its session to drop it.
   */
  admit(keyHash: string, graceDeadlineAt: Date): Promise<Admission> {
    return this.#database.$transaction(async (transaction) => {
      const key = await lockKey(transaction, keyHash);
      if (key === null || key.revokedAt !== null) return { type: 'unknownKey' };
      await transaction.$queryRaw`SELECT 1 AS locked FROM "User" WHERE "id" = ${key.userId}::uuid FOR UPDATE`;
      const host = await transaction.user.findUniqueOrThrow({ where: { id: key.userId } });
      if (host.bannedAt !== null) return { type: 'banned', userId: host.id };
      const now = new Date();
      await transaction.streamKey.update({ where: { id: key.id }, data: { lastUsedAt: now } });
      const found = await findOpen(transaction, host.id, now);
      const session = found ?? (await createFor(transaction, host));
      const grace = session.state === 'interrupted' ? { graceDeadlineAt } : {};
      const admitted = await transaction.session.update({
        where: { id: session.id },
        data: { epoch: { increment: 1 }, authorizedAt: now, streamKeyId: key.id, ...grace },
      });
      return { type: 'admitted', session: admitted, created: found === null };
    });
  }
}

async function lockKey(transaction: DatabaseTransaction, hash: string) {
  await transaction.$queryRaw`SELECT 1 AS locked FROM "StreamKey" WHERE "hash" = ${hash} FOR UPDATE`;
  return transaction.streamKey.findUnique({ where: { hash } });
}

/** The session on air, else the prepared one that is due first; later ones wait for their day. */
async function findOpen(
  transaction: DatabaseTransaction,
  hostId: string,
  now: Date,
): Promise<Session | null> {
  const onAir = await transaction.session.findFirst({
    where: { hostId, state: { in: [...onAirStates] } },
    orderBy: { createdAt: 'desc' },
  });
  if (onAir !== null) return onAir;
  const latest = new Date(now.getTime() + earlyMs);
  return transaction.session.findFirst({
    where: {
      hostId,
      state: 'idle',
      OR: [{ scheduledStartAt: null }, { scheduledStartAt: { lte: latest } }],
    },
    orderBy: [{ scheduledStartAt: { sort: 'asc', nulls: 'last' } }, { createdAt: 'asc' }],
  });
}

function createFor(transaction: DatabaseTransaction, host: User): Promise<Session> {
  return transaction.session.create({
    data: { hostId: host.id, title: `${host.displayName}'s stream`, playbackId: newPlaybackId() },
  });
}
