import { AppError, type Logger } from '@maydan/common';
import type { Me, TokenPair } from '@maydan/contracts';
import { hashSecret, newSecret } from '@maydan/prisma';
import type { RateLimits } from '../limits/RateLimits.ts';
import { accessTokenLifetimeSec, bearerToken, type AccessTokens } from './AccessTokens.ts';
import { deviceNameOf } from './deviceName.ts';
import type { IdentityRepo, SignIn, User } from './identity.repo.ts';
import type { SignInRevocations } from './SignInRevocations.ts';
import { toMe } from './toMe.ts';

const refreshLifetimeMs = 7 * 24 * 3_600_000;
/** How long after a sign-in somebody without a password may change what one would be asked for. */
const freshMs = 15 * 60_000;

/** Who asks: what limits and sign-ins are kept by. */
export interface ClientInfo {
  readonly address: string;
  readonly userAgent: string | null;
  /** As the client calls its device. */
  readonly deviceName?: string | undefined;
}

/** The bearer of a valid access token. */
export interface Authenticated {
  readonly user: User;
  readonly signInId: string;
}

/** The same, with when the token expires. */
export interface TokenHolder extends Authenticated {
  readonly expiresAt: Date;
}

export interface SignInsDependencies {
  readonly repo: IdentityRepo;
  readonly tokens: AccessTokens;
  readonly limits: RateLimits;
  readonly revocations: SignInRevocations;
  /** Throws `second_factor_required`, with a challenge, for who has one. */
  readonly askForSecondFactor: (user: User) => void;
  readonly logger: Logger;
}

/** Signed-in devices and their tokens (feature I2), however somebody proved who they are. */
export class SignInsService {
  readonly #deps: SignInsDependencies;

  constructor(dependencies: SignInsDependencies) {
    this.#deps = dependencies;
  }

  /** Signs somebody in who has just proved to be this user; throws `account_banned` and `second_factor_required`. */
  async start(user: User, client: ClientInfo): Promise<TokenPair & { user: Me }> {
    if (user.bannedAt !== null) throw await this.#banned(user);
    this.#deps.askForSecondFactor(user);
    return this.startProven(user, client);
  }

  /** As `start`, for who has proved the second factor, too. */
  async startProven(user: User, client: ClientInfo): Promise<TokenPair & { user: Me }> {
    if (user.bannedAt !== null) throw await this.#banned(user);
    const refreshToken = newRefreshToken();
    const userAgent = client.userAgent?.slice(0, 300) ?? null;
    const device = { userAgent, deviceName: client.deviceName ?? deviceNameOf(userAgent) };
    const signIn = await this.#deps.repo.createSignIn(user, device, hashSecret(refreshToken), expiry());
    if (signIn === null) throw new AppError('invalid_credentials');
    await this.ended(signIn.ended);
    return { ...this.#pair(user, signIn.id, refreshToken), user: toMe(user) };
  }

  /**
   * Each token works once. One that was used before this request came ends the whole family (`token_reused`); of
   * requests that come at the same time one succeeds and the others get `conflict`, so that two tabs of an honest
   * client don't sign it out.
   */
  async refresh(refreshToken: string, client: ClientInfo): Promise<TokenPair> {
    const { repo, limits, revocations, logger } = this.#deps;
    await limits.refresh(client.address);
    const next = newRefreshToken();
    const use = await repo.useRefreshToken(hashSecret(refreshToken), hashSecret(next), expiry());
    switch (use.type) {
      case 'used':
        return this.#pair(use.user, use.signIn.id, next);
      case 'reused':
        logger.warn(
          { signInId: use.signIn.id, userId: use.signIn.userId, address: client.address },
          'a refresh token was used twice, its sign-in has ended',
        );
        await revocations.tell([use.signIn.id]);
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
    await this.ended(await this.#deps.repo.endByRefreshToken(hashSecret(refreshToken)));
  }

  /**
   * The user of an `Authorization` header. The account is read each time: a ban, a changed role and an ended sign-in
   * count at once. Throws `unauthenticated`, `token_expired`, `token_invalid` or `account_banned`.
   */
  async authenticate(authorization: string | undefined): Promise<TokenHolder> {
    const claims = this.#deps.tokens.verify(bearerToken(authorization));
    const user = await this.current(claims.sub, claims.sid);
    return { user, signInId: claims.sid, expiresAt: new Date(claims.exp * 1_000) };
  }

  /** A user as they are now. Throws `token_invalid` when the sign-in isn't theirs or has ended, and `account_banned`. */
  async current(userId: string, signInId: string): Promise<User> {
    const user = await this.#deps.repo.findSignedIn(signInId);
    if (user === null || user.id !== userId) throw new AppError('token_invalid');
    if (user.bannedAt !== null) throw new AppError('account_banned');
    return user;
  }

  /** Throws `reauthentication_required` unless this device signed in a short time ago. */
  async requireFresh(signInId: string): Promise<void> {
    const at = await this.#deps.repo.signedInAt(signInId);
    if (at === null || Date.now() - at.getTime() > freshMs) throw new AppError('reauthentication_required');
  }

  list(userId: string): Promise<SignIn[]> {
    return this.#deps.repo.listSignIns(userId);
  }

  async revoke(userId: string, id: string): Promise<void> {
    const ended = await this.#deps.repo.endSignIn(userId, id);
    if (ended === null) throw new AppError('not_found');
    await this.ended(ended);
  }

  /** How many ended by it. */
  async revokeOthers({ user, signInId }: Authenticated): Promise<number> {
    const ended = await this.#deps.repo.endOtherSignIns(user.id, signInId);
    await this.ended(ended);
    return ended.length;
  }

  /** Tells all processes of sign-ins that a change in the database has ended. */
  ended(signInIds: readonly string[]): Promise<void> {
    return this.#deps.revocations.tell(signInIds);
  }

  /**
   * Removes what expired more than a day ago: sign-ins, and refresh tokens of those that go on. A used one is remembered as long
   * as it would have been good, and a day: when it comes again until then, its family ends.
   */
  async deleteExpired(now: Date): Promise<void> {
    const before = new Date(now.getTime() - 24 * 3_600_000);
    await this.#deps.repo.deleteExpired(before);
    await this.#deps.repo.deleteUsedTokens(new Date(before.getTime() - refreshLifetimeMs));
  }

  /** Whoever has proved to be the user may know why and until when. */
  async #banned({ id }: User): Promise<AppError> {
    return new AppError('account_banned', undefined, await this.#deps.repo.banOf(id));
  }

  #pair(user: User, signInId: string, refreshToken: string): TokenPair {
    const accessToken = this.#deps.tokens.mint({ userId: user.id, role: user.role, signInId });
    return { accessToken, expiresInSec: accessTokenLifetimeSec, refreshToken };
  }
}

function newRefreshToken(): string {
  return `rt_${newSecret(43)}`;
}

function expiry(): Date {
  return new Date(Date.now() + refreshLifetimeMs);
}
