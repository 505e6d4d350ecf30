import { AppError } from '@maydan/common';
import type { Me, TokenPair } from '@maydan/contracts';
import type { RateLimits } from '../limits/RateLimits.ts';
import type { IdentityRepo, User } from './identity.repo.ts';
import type { Passwords } from './Passwords.ts';
import type { Authenticated, ClientInfo, SignInsService } from './signIns.service.ts';

export interface IdentityDependencies {
  readonly repo: IdentityRepo;
  readonly limits: RateLimits;
  readonly passwords: Passwords;
  readonly signIns: SignInsService;
}

type SignedIn = TokenPair & { user: Me };

/** Accounts and their passwords (features I1, I5, I6). */
export class IdentityService {
  readonly #repo: IdentityRepo;
  readonly #limits: RateLimits;
  readonly #passwords: Passwords;
  readonly #signIns: SignInsService;

  constructor({ repo, limits, passwords, signIns }: IdentityDependencies) {
    this.#repo = repo;
    this.#limits = limits;
    this.#passwords = passwords;
    this.#signIns = signIns;
  }

  async register(
    input: { username: string; email: string; password: string; displayName?: string | undefined },
    client: ClientInfo,
  ): Promise<SignedIn> {
    await this.#limits.auth(client.address);
    const { username, email, password } = input;
    const passwordHash = await this.#passwords.hash(password);
    const displayName = input.displayName ?? username;
    const user = await this.#repo.createUser({ username, email, displayName, passwordHash });
    if ('taken' in user) throw alreadyTaken(user.taken);
    return this.#signIns.start(user, client);
  }

  /** Throws `invalid_credentials` alike, and after the same work, for an unknown account and a wrong password. */
  async login(input: { login: string; password: string }, client: ClientInfo): Promise<SignedIn> {
    await this.#limits.auth(client.address);
    const attempt = await this.#limits.login(input.login, client.address);
    const user = await this.#repo.findUser(input.login);
    const isRight = await this.#passwords.verify(user?.passwordHash ?? null, input.password);
    if (user === null || !isRight) throw new AppError('invalid_credentials');
    await attempt.succeeded(namesOf(user));
    return this.#signIns.start(user, client);
  }

  /** Ends all other sign-ins. Of changes that come at the same time one succeeds and the others get `conflict`. */
  async changePassword(
    { user, signInId }: Authenticated,
    input: { currentPassword?: string | undefined; newPassword: string },
  ): Promise<void> {
    await this.requirePassword({ user, signInId }, input.currentPassword);
    const passwordHash = await this.#passwords.hash(input.newPassword);
    const ended = await this.#repo.changePassword(user, passwordHash, signInId);
    if (ended === null) throw new AppError('conflict', 'The password is being changed by another request.');
    await this.#signIns.ended(ended);
  }

  /**
   * Asks somebody who is signed in for the password again: throws `invalid_credentials` or `rate_limited`. Who has none
   * must have signed in a short time ago (`reauthentication_required`).
   */
  async requirePassword({ user, signInId }: Authenticated, password: string | undefined): Promise<void> {
    if (user.passwordHash === null) return this.#signIns.requireFresh(signInId);
    const attempt = await this.#limits.password(user.id);
    const isRight = await this.#passwords.verify(user.passwordHash, password ?? '');
    if (!isRight) throw new AppError('invalid_credentials', 'The password is wrong.');
    await attempt.succeeded();
  }
}

export function alreadyTaken(name: string): AppError {
  const message = `This ${name} is already taken.`;
  return new AppError('already_taken', message, [{ path: name, message }]);
}

function namesOf(user: User): string[] {
  return user.email === null ? [user.usernameKey] : [user.usernameKey, user.email];
}
