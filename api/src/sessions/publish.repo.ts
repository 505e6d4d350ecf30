import { randomUUID } from 'node:crypto';
import type { Database, DatabaseTransaction, Prisma, Session, User } from '@maydan/prisma';
import { isOver, onAirStates } from './controlDocument.ts';
import { lockSession, newPlaybackId } from './sessions.repo.ts';
import { textColumns } from './textColumns.ts';

/** A prepared session is taken by a publish from this long before its scheduled start. */
const earlyMs = 24 * 3_600_000;

export type Admission =
  | {
      readonly type: 'admitted';
      readonly session: Session;
      readonly host: User;
      /** Peer of the WHIP publish that is taken over. */
      readonly oldWhipPeerId: string | null;
    }
  | { readonly type: 'unknownKey' }
  | { readonly type: 'banned'; readonly userId: string };

/** Decides about publishes in one transaction each. */
export class PublishRepo {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /**
   * Finds the host's session (on air, else prepared, else a new one) and writes who may publish to it: RTMP gets a
   * raised epoch, WHIP a peer id. The rows of key, host and session are locked: simultaneous publishes take their turn,
   * and a revocation or a ban either refuses the publish or finds its session to drop it.
   */
  admit(keyHash: string, by: 'rtmp' | 'whip', graceDeadlineAt: Date): Promise<Admission> {
    return this.#database.$transaction(async (transaction) => {
      const key = await lockKey(transaction, keyHash);
      if (key === null || key.revokedAt !== null) return { type: 'unknownKey' };
      await transaction.$queryRaw`SELECT 1 AS locked FROM "User" WHERE "id" = ${key.userId}::uuid FOR NO KEY UPDATE`;
      const host = await transaction.user.findUniqueOrThrow({ where: { id: key.userId } });
      if (host.bannedAt !== null) return { type: 'banned', userId: host.id };
      const now = new Date();
      await transaction.streamKey.update({ where: { id: key.id }, data: { lastUsedAt: now } });
      const found = await findOpen(transaction, host.id, now);
      const { id } = found ?? (await createFor(transaction, host));
      await lockSession(transaction, id);
      const before = await transaction.session.findUniqueOrThrow({ where: { id } });
      const session = await transaction.session.update({
        where: { id },
        data: {
          ...(by === 'rtmp' ? rtmpPermission(before) : whipPermission(before)),
          ...graceFor(before, graceDeadlineAt),
          authorizedAt: now,
          streamKeyId: key.id,
        },
      });
      return { type: 'admitted', session, host, oldWhipPeerId: before.whipPeerId };
    });
  }

  /** Raises the epoch for a composed stage, beside whoever publishes. Null when there is no session; unchanged when over. */
  admitStage(id: string, graceDeadlineAt: Date): Promise<{ session: Session; isOver: boolean } | null> {
    return this.#database.$transaction(async (transaction) => {
      await lockSession(transaction, id);
      const session = await transaction.session.findUnique({ where: { id } });
      if (session === null) return null;
      if (isOver(session.state)) return { session, isOver: true };
      const data = { epoch: { increment: 1 }, ...graceFor(session, graceDeadlineAt) };
      return { session: await transaction.session.update({ where: { id }, data }), isOver: false };
    });
  }
}

/** RTMP connections before this one, and WHIP, are taken over. */
function rtmpPermission({ epoch }: Session): Prisma.SessionUncheckedUpdateInput {
  return { epoch: epoch + 1, dropRtmpBelow: epoch + 1, whipPeerId: null };
}

function whipPermission({ epoch }: Session): Prisma.SessionUncheckedUpdateInput {
  return { dropRtmpBelow: epoch + 1, whipPeerId: randomUUID() };
}

/** Who was permitted to come back has the whole grace period for it. */
function graceFor(session: Session, graceDeadlineAt: Date): { graceDeadlineAt?: Date } {
  return session.state === 'interrupted' ? { graceDeadlineAt } : {};
}

async function lockKey(transaction: DatabaseTransaction, hash: string) {
  await transaction.$queryRaw`SELECT 1 AS locked FROM "StreamKey" WHERE "hash" = ${hash} FOR UPDATE`;
  return transaction.streamKey.findUnique({ where: { hash } });
}

/** The session on air, else one whose stage is in use, else the prepared one that is due first; later ones wait for their day. */
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
  const staged = await transaction.session.findFirst({
    where: { hostId, state: 'idle', stageNodes: { some: { isOn: true } } },
    orderBy: { createdAt: 'desc' },
  });
  if (staged !== null) return staged;
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
  const title = `${host.displayName}'s stream`;
  return transaction.session.create({
    data: { hostId: host.id, playbackId: newPlaybackId(), title, ...textColumns({ title }) },
  });
}
