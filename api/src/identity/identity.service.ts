import { AppError, type Logger } from '@maydan/common';
import type { Me, TokenPair } from '@maydan/contracts';
import { hashPassword, hashSecret, newSecret, verifyNothing, verifyPassword } from '@maydan/prisma';
import type { RateLimits } from '../limits/RateLimits.ts';
import { accessTokenLifetimeSec, bearerToken, type AccessTokens } from './AccessTokens.ts';
import type { IdentityRepo, SignIn, User } from './identity.repo.ts';
import type { SignInRevocations } from './SignInRevocations.ts';

const refreshLifetimeMs = 7 * 24 * 3_600_000;

/** Who asks: what limits and sign-ins are kept by. */
export interface ClientInfo {
  readonly address: string;
  readonly userAgent: string | null;
}

/** The bearer of a valid access token. */
export interface Authenticated {
  readonly user: User;
  readonly signInId: string;
}

export interface IdentityDependencies {
  readonly repo: IdentityRepo;
  readonly tokens: AccessTokens;
  readonly limits: RateLimits;
  readonly revocations: SignInRevocations;
  readonly logger: Logger;
}

/** Accounts and sign-ins (features I1, I2, I6). */
export class IdentityService {
  readonly #repo: IdentityRepo;
  readonly #tokens: AccessTokens;
  readonly #limits: RateLimits;
  readonly #revocations: SignInRevocations;
  readonly #logger: Logger;

  constructor(dependencies: IdentityDependencies) {
    this.#repo = dependencies.repo;
    this.#tokens = dependencies.tokens;
    this.#limits = dependencies.limits;
    this.#revocations = dependencies.revocations;
    this.#logger = dependencies.logger;
  }

  async register(
    input: { username: string; email: string; password: string; displayName?: string | undefined },
    client: ClientInfo,
  ): Promise<TokenPair & { user: Me }> {
    await this.#limits.auth(client.address);
    const { username, email, password } = input;
    const passwordHash = await hashPassword(password);
    const displayName = input.displayName ?? username;
    const user = await this.#repo.createUser({ username, email, displayName, passwordHash });
    if ('taken' in user) {
      const details = [{ path: user.taken, message: `This ${user.taken} is already taken.` }];
      throw new AppError('already_taken', `This ${user.taken} is already taken.`, details);
    }
    return this.#signIn(user, client);
  }

  /** Throws `invalid_credentials` alike, and after the same work, for an unknown account and a wrong password. */
  async login(
    input: { login: string; password: string },
    client: ClientInfo,
  ): Promise<TokenPair & { user: Me }> {
    await this.#limits.auth(client.address);
    await this.#limits.login(input.login);
    const user = await this.#repo.findUser(input.login);
    const right =
      user === null
        ? await verifyNothing(input.password)
        : await verifyPassword(user.passwordHash, input.password);
    if (user === null || !right) throw new AppError('invalid_credentials');
    await this.#limits.loginSucceeded(input.login);
    if (user.bannedAt !== null) throw new AppError('account_banned');
    return this.#signIn(user, client);
  }

  /**
   * Each token works once. One that was used before this request came ends the whole family (`token_reused`); of
   * requests that come at the same time one succeeds and the others get `conflict`, so that two tabs of an honest
   * client don't sign it out.
   */
  async refresh(refreshToken: string, client: ClientInfo): Promise<TokenPair> {
    await this.#limits.refresh(client.address);
    const next = newRefreshToken();
    const use = await this.#repo.useRefreshToken(hashSecret(refreshToken), hashSecret(next), expiry());
    switch (use.type) {
      case 'used':
        return this.#pair(use.user, use.signIn.id, next);
      case 'reused':
        this.#logger.warn(
          { signInId: use.signIn.id, userId: use.signIn.userId, address: client.address },
          'a refresh token was used twice, its sign-in has ended',
        );
        await this.#revocations.tell([use.signIn.id]);
        throw new AppError('token_reused');
      case 'raced':
        throw new AppError('conflict', 'The refresh token is being used by another request.');
      case 'banned':
        throw new AppError('account_banned');
      case 'unknown':
        throw new AppError('token_invalid');
    }
  }

  /** Ends the sign-in of the token; an unknown token is as good as ended. */
  async logout(refreshToken: string): Promise<void> {
    await this.#revocations.tell(await this.#repo.endByRefreshToken(hashSecret(refreshToken)));
  }

  /**
   * The user of an `Authorization` header. The account is read each time: a ban, a changed role and an ended sign-in
   * count at once. Throws `unauthenticated`, `token_expired`, `token_invalid` or `account_banned`.
   */
  async authenticate(authorization: string | undefined): Promise<Authenticated> {
    const claims = this.#tokens.verify(bearerToken(authorization));
    const user = await this.#repo.findSignedIn(claims.sid);
    if (user === null || user.id !== claims.sub) throw new AppError('token_invalid');
    if (user.bannedAt !== null) throw new AppError('account_banned');
    return { user, signInId: claims.sid };
  }

  listSignIns(userId: string): Promise<SignIn[]> {
    return this.#repo.listSignIns(userId);
  }

  async revokeSignIn(userId: string, id: string): Promise<void> {
    const ended = await this.#repo.endSignIn(userId, id);
    if (ended === null) throw new AppError('not_found');
    await this.#revocations.tell(ended);
  }

  /** Removes what expired more than a day ago. */
  deleteExpired(now: Date): Promise<number> {
    return this.#repo.deleteExpired(new Date(now.getTime() - 24 * 3_600_000));
  }

  async #signIn(user: User, client: ClientInfo): Promise<TokenPair & { user: Me }> {
    const refreshToken = newRefreshToken();
    const userAgent = client.userAgent?.slice(0, 300) ?? null;
    const id = await this.#repo.createSignIn(user.id, userAgent, hashSecret(refreshToken), expiry());
    return { ...this.#pair(user, id, refreshToken), user: toMe(user) };
  }

  #pair(user: User, signInId: string, refreshToken: string): TokenPair {
    const accessToken = this.#tokens.mint({ userId: user.id, role: user.role, signInId });
    return { accessToken, expiresInSec: accessTokenLifetimeSec, refreshToken };
  }
}

export function toMe(user: User): Me {
  const { id, username, email, displayName, role } = user;
  return { id, username, email, displayName, role, createdAt: user.createdAt.toISOString() };
}

function newRefreshToken(): string {
  return `rt_${newSecret(43)}`;
}

function expiry(): Date {
  return new Date(Date.now() + refreshLifetimeMs);
}
