import { AppError } from '@maydan/common';
import type { Me, TokenPair } from '@maydan/contracts';
import type { IdentityRepo, User } from '../identity/identity.repo.ts';
import type { Newcomers } from '../identity/Newcomers.ts';
import type { Authenticated, ClientInfo, SignInsService } from '../identity/signIns.service.ts';
import type { RateLimits } from '../limits/RateLimits.ts';
import type { GoogleProfile, GoogleTokens } from './GoogleTokens.ts';

export interface GoogleDependencies {
  readonly repo: IdentityRepo;
  readonly newcomers: Newcomers;
  readonly signIns: SignInsService;
  readonly tokens: GoogleTokens;
  readonly limits: RateLimits;
}

/**
 * Signing in with Google (feature I3). A Google account is linked by its subject alone. An address that an account here
 * has already links nothing by itself: nobody has proved to us that it is theirs, and who registered somebody else's
 * address would share the account with its owner. The owner signs in as before and links Google there.
 */
export class GoogleService {
  readonly #deps: GoogleDependencies;

  constructor(dependencies: GoogleDependencies) {
    this.#deps = dependencies;
  }

  /** Signs in, for the first time with a new account; throws `email_not_verified` or `link_required` for that. */
  async signIn(idToken: string, client: ClientInfo): Promise<TokenPair & { user: Me }> {
    await this.#deps.limits.auth(client.address);
    const profile = await this.#deps.tokens.verify(idToken);
    const user = (await this.#known(profile)) ?? (await this.#create(profile));
    return this.#deps.signIns.start(user, client);
  }

  /**
   * Needs a fresh sign-in, as it opens the account for good. Linking again changes nothing; throws `already_taken` when the
   * Google account belongs to somebody else, or another one is linked.
   */
  async link({ user, signInId }: Authenticated, idToken: string): Promise<User> {
    await this.#deps.signIns.requireFresh(signInId);
    const profile = await this.#deps.tokens.verify(idToken);
    const linked = await this.#deps.repo.linkGoogle(user.id, profile.subject);
    if (linked === null) throw new AppError('already_taken', 'This Google account can’t be linked here.');
    return (await this.#known(profile)) ?? linked;
  }

  /** Needs a fresh sign-in, as it closes a way in. Throws `last_way_in` when nobody could sign in to the account any more. */
  async unlink({ user, signInId }: Authenticated): Promise<User> {
    await this.#deps.signIns.requireFresh(signInId);
    const unlinked = await this.#deps.repo.unlinkGoogle(user.id);
    if (unlinked === null) throw new AppError('last_way_in');
    return unlinked;
  }

  /** The user of a linked Google account, whose address Google may have verified meanwhile. */
  async #known({ subject, email }: GoogleProfile): Promise<User | null> {
    const { repo } = this.#deps;
    const user = await repo.findByGoogle(subject);
    if (user === null || email === null || user.emailVerifiedAt !== null) return user;
    await repo.verifyEmail(user, email);
    return repo.findByGoogle(subject);
  }

  async #create({ subject, email, name }: GoogleProfile): Promise<User> {
    if (email === null) throw new AppError('email_not_verified');
    const created = await this.#deps.newcomers.create(email.split('@')[0] ?? '', {
      ...{ email, emailVerifiedAt: new Date(), googleSubject: subject },
      displayName: name,
    });
    if (!('taken' in created)) return created;
    // Another request of the same person may have been quicker.
    const same = await this.#deps.repo.findByGoogle(subject);
    if (same !== null) return same;
    throw new AppError('link_required');
  }
}
