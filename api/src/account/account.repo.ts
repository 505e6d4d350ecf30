import { AppError } from '@maydan/common';
import type { AccountUpdate } from '@maydan/contracts';
import {
  displayNameOf,
  usernameOf,
  type Database,
  type DatabaseTransaction,
  type Prisma,
  type User,
} from '@maydan/prisma';
import { releaseMedia, useMedia } from '../media/media.repo.ts';
import { isDuplicate, isMissing } from '../identity/identity.repo.ts';

/** A user's own profile and settings in PostgreSQL. */
export class AccountRepo {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** The changed user, or `taken` when somebody has the username. Throws `conflict` for a picture that can't be used, `token_invalid` for an account that was closed meanwhile. */
  async update(id: string, change: AccountUpdate): Promise<User | 'taken'> {
    const { username, displayName, privacy, avatarMediaId, coverMediaId, ...profile } = change;
    const names = {
      ...(username === undefined ? {} : usernameOf(username)),
      ...(displayName === undefined ? {} : displayNameOf(displayName)),
    };
    try {
      return await this.#database.$transaction(async (transaction) => {
        await changePicture(transaction, id, 'avatar', avatarMediaId);
        await changePicture(transaction, id, 'cover', coverMediaId);
        return transaction.user.update({
          where: { id, deletedAt: null },
          data: defined({ ...profile, ...privacy, ...names }),
        });
      });
    } catch (error) {
      if (isDuplicate(error)) return 'taken';
      throw isMissing(error) ? new AppError('token_invalid') : error;
    }
  }
}

/** The picture before is released. Two changes at once come one after the other. */
async function changePicture(
  transaction: DatabaseTransaction,
  userId: string,
  purpose: 'avatar' | 'cover',
  mediaId: string | null | undefined,
): Promise<void> {
  if (mediaId === undefined) return;
  await transaction.$queryRaw`SELECT "id" FROM "User" WHERE "id" = ${userId}::uuid FOR UPDATE`;
  const { avatarId, coverId } = await transaction.user.findUniqueOrThrow({ where: { id: userId } });
  const before = purpose === 'avatar' ? avatarId : coverId;
  if (before === mediaId) return;
  if (mediaId !== null) await useMedia(transaction, [mediaId], { ownerId: userId, purpose, uses: 0 });
  const data = purpose === 'avatar' ? { avatarId: mediaId } : { coverId: mediaId };
  await transaction.user.update({ where: { id: userId }, data });
  if (before !== null) await releaseMedia(transaction, [before]);
}

/** Without what is undefined, so that it stays as it is. */
function defined(change: Record<string, unknown>): Prisma.UserUpdateInput {
  return Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined));
}
