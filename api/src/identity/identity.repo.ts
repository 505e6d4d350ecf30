import { AppError } from '@maydan/common';
import {
  ask,
  namesOf,
  Prisma,
  type Database,
  type DatabaseTransaction,
  type SignIn,
  type User,
} from '@maydan/prisma';
import { Gathered, readsTogether } from '../limits/Gathered.ts';

export type { SignIn, User } from '@maydan/prisma';

export type RefreshUse =
  | { readonly type: 'used'; readonly signIn: SignIn; readonly user: User }
  /** No such token, or its sign-in has ended or expired. */
  | { readonly type: 'unknown' }
  /** The token was used before: the sign-in has been ended. */
  | { readonly type: 'reused'; readonly signIn: SignIn }
  /** Another request used the token while this one was on its way. */
  | { readonly type: 'raced' }
  | { readonly type: 'banned' };

export interface NewUser {
  readonly username: string;
  readonly displayName: string;
  readonly email?: string;
  /** When it was proved. */
  readonly emailVerifiedAt?: Date;
  readonly phone?: string;
  readonly googleSubject?: string;
  readonly passwordHash?: string;
}

/** What no two users have in common. */
export type Taken = 'username' | 'email' | 'phone' | 'google';

/** Sign-ins of one user that last at once; those that were not used the longest end for others. */
const maxSignIns = 100;

/** A sign-in that began, and the ids of those that had to end for it. */
export interface NewSignIn {
  readonly id: string;
  readonly ended: readonly string[];
}

export interface Device {
  readonly userAgent: string | null;
  readonly deviceName: string | null;
}

/** Users, sign-ins and refresh tokens in PostgreSQL. */
export class IdentityRepo {
  readonly #database: Database;
  readonly #signedIn = new Gathered<string, User | null>({
    run: (signInIds) => this.#findAllSignedIn(signInIds),
    ...readsTogether,
  });

  constructor(database: Database) {
    this.#database = database;
  }

  /** Why and until when (null: for good) an account is banned. */
  async banOf(userId: string): Promise<{ reason: string; until: string | null } | undefined> {
    const ban = await this.#database.accountBan.findUnique({ where: { userId } });
    return ban === null ? undefined : { reason: ban.reason, until: ban.expiresAt?.toISOString() ?? null };
  }

  /** The new user, or what of it somebody else has. */
  async createUser(user: NewUser): Promise<User | { taken: Taken }> {
    const names = namesOf(user.username, user.displayName);
    const { usernameKey } = names;
    try {
      return await this.#database.user.create({ data: { ...user, ...names } });
    } catch (error) {
      if (!isDuplicate(error)) throw error;
      return { taken: await this.#takenOf({ ...user, usernameKey }) };
    }
  }

  async #takenOf({ usernameKey, email, phone }: NewUser & { usernameKey: string }): Promise<Taken> {
    const has = async (where: Prisma.UserWhereInput) => (await this.#database.user.count({ where })) > 0;
    if (await has({ usernameKey })) return 'username';
    if (email !== undefined && (await has({ email }))) return 'email';
    return phone !== undefined && (await has({ phone })) ? 'phone' : 'google';
  }

  findByGoogle(googleSubject: string): Promise<User | null> {
    return this.#database.user.findUnique({ where: { googleSubject } });
  }

  findByPhone(phone: string): Promise<User | null> {
    return this.#database.user.findUnique({ where: { phone } });
  }

  /**
   * As one that is proved; null when somebody else has proved it. Who hasn't is left without: they sign in by their username.
   * Throws `token_invalid` for an account that was closed meanwhile, as the next two do: it stays nobody's.
   */
  async setEmail(id: string, email: string, emailVerifiedAt: Date): Promise<User | null> {
    try {
      return await this.#database.$transaction(async (transaction) => {
        const unproved = { email, emailVerifiedAt: null, passwordHash: { not: null }, NOT: { id } };
        await transaction.user.updateMany({ where: unproved, data: { email: null } });
        return transaction.user.update({ where: { id, deletedAt: null }, data: { email, emailVerifiedAt } });
      });
    } catch (error) {
      if (isDuplicate(error)) return null;
      throw isMissing(error) ? new AppError('token_invalid') : error;
    }
  }

  /** The issuer of a sign-in has verified the address; changes nothing when it isn't the user's, or was proved. */
  async verifyEmail({ id }: User, email: string): Promise<void> {
    const where = { id, email, emailVerifiedAt: null };
    await this.#database.user.updateMany({ where, data: { emailVerifiedAt: new Date() } });
  }

  /** Null when somebody else has the number. */
  async setPhone(id: string, phone: string): Promise<User | null> {
    try {
      return await this.#database.user.update({ where: { id, deletedAt: null }, data: { phone } });
    } catch (error) {
      if (isDuplicate(error)) return null;
      throw isMissing(error) ? new AppError('token_invalid') : error;
    }
  }

  /** Null when there is no other way to sign in. */
  removePhone(id: string): Promise<User | null> {
    return this.#updateIf(
      { id, OR: [{ passwordHash: { not: null } }, { googleSubject: { not: null } }] },
      { phone: null },
    );
  }

  /** Null when somebody else has it, or the user has another one. */
  async linkGoogle(id: string, googleSubject: string): Promise<User | null> {
    try {
      return await this.#database.user.update({
        where: { id, deletedAt: null, OR: [{ googleSubject: null }, { googleSubject }] },
        data: { googleSubject },
      });
    } catch (error) {
      if (!isDuplicate(error) && !isMissing(error)) throw error;
      if ((await this.#database.user.count({ where: { id, deletedAt: null } })) > 0) return null;
      throw new AppError('token_invalid');
    }
  }

  /** Null when there is no other way to sign in. */
  async unlinkGoogle(id: string): Promise<User | null> {
    return this.#updateIf(
      { id, OR: [{ passwordHash: { not: null } }, { phone: { not: null } }] },
      { googleSubject: null },
    );
  }

  async #updateIf(where: Prisma.UserWhereUniqueInput, data: Prisma.UserUpdateInput): Promise<User | null> {
    try {
      return await this.#database.user.update({ where, data });
    } catch (error) {
      if (isMissing(error)) return null;
      throw error;
    }
  }

  /** `login` is an email address or a username. */
  findUser(login: string): Promise<User | null> {
    const key = login.toLowerCase();
    return this.#database.user.findUnique({
      where: key.includes('@') ? { email: key } : { usernameKey: key },
    });
  }

  /** The user of a sign-in that hasn't ended. One statement for all that are asked for at the same time. */
  findSignedIn(signInId: string): Promise<User | null> {
    return this.#signedIn.run(signInId);
  }

  async #findAllSignedIn(signInIds: readonly string[]): Promise<(User | null)[]> {
    const rows = await ask<User & { signInId: string }>(
      this.#database,
      Prisma.sql`SELECT s."id" AS "signInId", ${userColumns} FROM "SignIn" s JOIN "User" u ON u."id" = s."userId"
        WHERE s."id" = ANY (${[...new Set(signInIds)]}::uuid[]) AND s."endedAt" IS NULL`,
    );
    const byId = new Map(rows.map(({ signInId, ...user }) => [signInId, user]));
    return signInIds.map((id) => byId.get(id) ?? null);
  }

  /**
   * Null when the account is no longer as it was when the proof was checked. A password change that runs at the same
   * time either sees this sign-in and ends it, or is seen here.
   */
  createSignIn(user: User, device: Device, tokenHash: string, expiresAt: Date): Promise<NewSignIn | null> {
    const refreshTokens = { create: { hash: tokenHash } };
    return this.#database.$transaction(async (transaction) => {
      const [now] = await transaction.$queryRaw<Pick<User, 'passwordHash' | 'bannedAt' | 'secondFactorAt'>[]>`
        SELECT "passwordHash", "bannedAt", "secondFactorAt" FROM "User" WHERE "id" = ${user.id}::uuid FOR SHARE`;
      if (now === undefined || now.passwordHash !== user.passwordHash || now.bannedAt !== null) return null;
      // A second factor that was turned on meanwhile has to be asked for.
      if (now.secondFactorAt?.getTime() !== user.secondFactorAt?.getTime()) return null;
      const data = { userId: user.id, ...device, expiresAt, refreshTokens };
      const { id } = await transaction.signIn.create({ data });
      return { id, ended: await endOldest(transaction, user.id) };
    });
  }

  /**
   * Sets the password if it still is the one that was checked, and ends all other sign-ins. The ended ids, or null when
   * another change came first.
   */
  changePassword(user: User, passwordHash: string, keptSignInId: string): Promise<string[] | null> {
    return this.#database.$transaction(async (transaction) => {
      const { count } = await transaction.user.updateMany({
        where: { id: user.id, passwordHash: user.passwordHash, deletedAt: null },
        data: { passwordHash },
      });
      return count === 0 ? null : endSignIns(transaction, { userId: user.id, NOT: { id: keptSignInId } });
    });
  }

  endOtherSignIns(userId: string, keptSignInId: string): Promise<string[]> {
    return this.#end({ userId, NOT: { id: keptSignInId } });
  }

  async signedInAt(signInId: string): Promise<Date | null> {
    const signIn = await this.#database.signIn.findUnique({ where: { id: signInId } });
    return signIn?.createdAt ?? null;
  }

  /** Exchanges a refresh token for the next of its family. Of simultaneous uses exactly one is `used`. */
  async useRefreshToken(hash: string, nextHash: string, expiresAt: Date): Promise<RefreshUse> {
    const token = await this.#database.refreshToken.findUnique({
      where: { hash },
      include: { signIn: { include: { user: true } } },
    });
    // They are read one after the other: the sign-in may be deleted in between, whatever its type says.
    const found = token?.signIn ?? null;
    if (token === null || found === null) return { type: 'unknown' };
    const { user, ...signIn } = found;
    if (token.usedAt !== null) {
      await this.#end({ id: signIn.id });
      return { type: 'reused', signIn };
    }
    if (signIn.endedAt !== null || signIn.expiresAt <= new Date()) return { type: 'unknown' };
    if (user.bannedAt !== null) return { type: 'banned' };
    return (await this.#exchange(hash, signIn.id, nextHash, expiresAt))
      ? { type: 'used', signIn, user }
      : { type: 'raced' };
  }

  #exchange(hash: string, signInId: string, nextHash: string, expiresAt: Date): Promise<boolean> {
    return this.#database.$transaction(async (transaction) => {
      const now = new Date();
      const { count } = await transaction.refreshToken.updateMany({
        where: { hash, usedAt: null, signIn: { endedAt: null } },
        data: { usedAt: now },
      });
      if (count === 0) return false;
      await transaction.refreshToken.create({ data: { hash: nextHash, signInId } });
      await transaction.signIn.update({ where: { id: signInId }, data: { lastUsedAt: now, expiresAt } });
      return true;
    });
  }

  /** Ids of the sign-ins that ended by this. */
  endByRefreshToken(hash: string): Promise<string[]> {
    return this.#end({ refreshTokens: { some: { hash } } });
  }

  /** Null when the user has no such sign-in. */
  async endSignIn(userId: string, id: string): Promise<string[] | null> {
    const ended = await this.#end({ id, userId });
    const isKnown = ended.length > 0 || (await this.#database.signIn.count({ where: { id, userId } })) > 0;
    return isKnown ? ended : null;
  }

  listSignIns(userId: string): Promise<SignIn[]> {
    return this.#database.signIn.findMany({
      where: { userId, endedAt: null, expiresAt: { gt: new Date() } },
      orderBy: { lastUsedAt: 'desc' },
      take: maxSignIns,
    });
  }

  /** Forgets sign-ins that expired; their refresh tokens go with them. */
  async deleteExpired(before: Date): Promise<number> {
    const { count } = await this.#database.signIn.deleteMany({ where: { expiresAt: { lt: before } } });
    return count;
  }

  /** Forgets tokens that were used long ago, whose sign-in goes on with newer ones; a batch at a time. How many there were. */
  async deleteUsedTokens(before: Date, batch = 5_000): Promise<number> {
    let total = 0;
    for (;;) {
      const deleted = await this.#database.$executeRaw`
        DELETE FROM "RefreshToken" WHERE "hash" IN (
          SELECT "hash" FROM "RefreshToken" WHERE "usedAt" < ${before} ORDER BY "usedAt" LIMIT ${batch})`;
      total += deleted;
      if (deleted < batch) return total;
    }
  }

  #end(where: Prisma.SignInWhereInput): Promise<string[]> {
    return this.#database.$transaction((transaction) => endSignIns(transaction, where));
  }
}

/** Columns of `User`, of "User" u. */
const userColumns = Prisma.join(
  Object.values(Prisma.UserScalarFieldEnum).map((name) => Prisma.raw(`u."${name}"`)),
);

/** A unique value is somebody else's. */
export function isDuplicate(error: unknown): boolean {
  return error instanceof Prisma.PrismaClientKnownRequestError && error.code === 'P2002';
}

/** The row to be updated isn't there, or not as it has to be. */
export function isMissing(error: unknown): boolean {
  return error instanceof Prisma.PrismaClientKnownRequestError && error.code === 'P2025';
}

/**
 * Ends what is beyond `maxSignIns`; ids of those. Several at once don't wait for each other, so they may leave some more,
 * which the next one ends.
 */
async function endOldest(transaction: DatabaseTransaction, userId: string): Promise<string[]> {
  const oldest = await transaction.$queryRaw<{ id: string }[]>`
    SELECT "id" FROM "SignIn" WHERE "id" IN (
      SELECT "id" FROM "SignIn" WHERE "userId" = ${userId}::uuid AND "endedAt" IS NULL AND "expiresAt" > now()
        ORDER BY "lastUsedAt" DESC, "id" DESC OFFSET ${maxSignIns})
      AND "endedAt" IS NULL FOR UPDATE SKIP LOCKED`;
  return oldest.length === 0 ? [] : endSignIns(transaction, { id: { in: oldest.map(({ id }) => id) } });
}

/** Ids of those that ended by this. The devices that took pushes as long as they lasted are forgotten with them. */
export async function endSignIns(
  transaction: DatabaseTransaction,
  where: Prisma.SignInWhereInput,
): Promise<string[]> {
  const ended = await transaction.signIn.updateManyAndReturn({
    where: { ...where, endedAt: null },
    data: { endedAt: new Date() },
    select: { id: true },
  });
  const ids = ended.map(({ id }) => id);
  if (ids.length > 0) await transaction.pushDevice.deleteMany({ where: { signInId: { in: ids } } });
  return ids;
}
