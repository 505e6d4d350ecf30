import { Prisma, type Database, type SignIn, type User } from '@maydan/prisma';

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
  readonly email: string;
  readonly displayName: string;
  readonly passwordHash: string;
}

/** Users, sign-ins and refresh tokens in PostgreSQL. */
export class IdentityRepo {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** The new user, or which of its names is taken. */
  async createUser(user: NewUser): Promise<User | { taken: 'username' | 'email' }> {
    const usernameKey = user.username.toLowerCase();
    try {
      return await this.#database.user.create({ data: { ...user, usernameKey } });
    } catch (error) {
      if (!(error instanceof Prisma.PrismaClientKnownRequestError) || error.code !== 'P2002') throw error;
      const sameName = await this.#database.user.findUnique({ where: { usernameKey } });
      return { taken: sameName === null ? 'email' : 'username' };
    }
  }

  /** `login` is an email address or a username. */
  findUser(login: string): Promise<User | null> {
    const key = login.toLowerCase();
    return this.#database.user.findUnique({
      where: key.includes('@') ? { email: key } : { usernameKey: key },
    });
  }

  /** The user of a sign-in that hasn't ended. */
  async findSignedIn(signInId: string): Promise<User | null> {
    const signIn = await this.#database.signIn.findUnique({
      where: { id: signInId, endedAt: null },
      include: { user: true },
    });
    return signIn?.user ?? null;
  }

  async createSignIn(
    userId: string,
    userAgent: string | null,
    tokenHash: string,
    expiresAt: Date,
  ): Promise<string> {
    const refreshTokens = { create: { hash: tokenHash } };
    const signIn = await this.#database.signIn.create({
      data: { userId, userAgent, expiresAt, refreshTokens },
    });
    return signIn.id;
  }

  /** Exchanges a refresh token for the next of its family. Of simultaneous uses exactly one is `used`. */
  async useRefreshToken(hash: string, nextHash: string, expiresAt: Date): Promise<RefreshUse> {
    const token = await this.#database.refreshToken.findUnique({
      where: { hash },
      include: { signIn: { include: { user: true } } },
    });
    if (token === null) return { type: 'unknown' };
    const { user, ...signIn } = token.signIn;
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
      take: 100,
    });
  }

  /** Forgets sign-ins that expired; their refresh tokens go with them. */
  async deleteExpired(before: Date): Promise<number> {
    const { count } = await this.#database.signIn.deleteMany({ where: { expiresAt: { lt: before } } });
    return count;
  }

  async #end(where: Prisma.SignInWhereInput): Promise<string[]> {
    const ended = await this.#database.signIn.updateManyAndReturn({
      where: { ...where, endedAt: null },
      data: { endedAt: new Date() },
      select: { id: true },
    });
    return ended.map(({ id }) => id);
  }
}
