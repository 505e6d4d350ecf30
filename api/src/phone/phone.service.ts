import { addressGroup, AppError } from '@maydan/common';
import type { Me, TokenPair } from '@maydan/contracts';
import { hashCode, isSameHash, newCode, requireResend, resendAfterSec, tooSoon } from '../identity/codes.ts';
import { alreadyTaken } from '../identity/identity.service.ts';
import type { IdentityRepo, User } from '../identity/identity.repo.ts';
import type { Newcomers } from '../identity/Newcomers.ts';
import type { Authenticated, ClientInfo, SignInsService } from '../identity/signIns.service.ts';
import type { RateLimits } from '../limits/RateLimits.ts';
import type { PhoneCodesRepo } from './phoneCodes.repo.ts';
import { phoneNumberOf } from './phoneNumber.ts';
import type { SmsSender } from './SmsSender.ts';

const expiresInSec = 300;
/** From one address, and from all: a stranger's wrong guesses leave the owner some. */
const attemptLimits = { fromOne: 5, inAll: 20 };

export interface PhoneDependencies {
  readonly repo: IdentityRepo;
  readonly codes: PhoneCodesRepo;
  readonly newcomers: Newcomers;
  readonly signIns: SignInsService;
  readonly limits: RateLimits;
  readonly sms: SmsSender;
  /** Codes are short: without it, their hashes tell them to nobody. */
  readonly secret: string;
}

/**
 * Signing in by phone (feature I4). The answers are the same whether or not a number has an account: a code is sent in
 * both cases, and the first sign-in makes the account.
 */
export class PhoneService {
  readonly #deps: PhoneDependencies;

  constructor(dependencies: PhoneDependencies) {
    this.#deps = dependencies;
  }

  /** Replaces an earlier code. Throws `rate_limited` with the time to wait, `unavailable` when nothing could be sent. */
  async send(text: string, address: string): Promise<{ expiresInSec: number; resendAfterSec: number }> {
    const { codes, limits, sms } = this.#deps;
    const phone = phoneNumberOf(text);
    requireResend(await codes.sentAt(phone));
    await limits.phoneCode(phone, address);
    const code = newCode();
    const codeHash = this.#hash(phone, code);
    const now = Date.now();
    const [sentAt, expiresAt] = [new Date(now), new Date(now + expiresInSec * 1_000)];
    const isFirst = await codes.replace(
      { phone, codeHash, sentAt, expiresAt },
      new Date(now - resendAfterSec * 1_000),
    );
    if (!isFirst) throw tooSoon();
    try {
      await sms.send(phone, `Maydan: ${code}\nرمز الدخول، لا تعطه لأحد. Your code; give it to nobody.`);
    } catch (error) {
      await codes.remove(phone, codeHash);
      throw error;
    }
    return { expiresInSec, resendAfterSec };
  }

  async signIn(
    input: { phone: string; code: string },
    client: ClientInfo,
  ): Promise<TokenPair & { user: Me }> {
    await this.#deps.limits.auth(client.address);
    const phone = await this.#prove(input, client.address);
    const user = (await this.#deps.repo.findByPhone(phone)) ?? (await this.#create(phone));
    return this.#deps.signIns.start(user, client);
  }

  /** Needs a fresh sign-in, as the number opens the account. Throws `already_taken`, to one who has proved the number. */
  async take(
    { user, signInId }: Authenticated,
    input: { phone: string; code: string },
    address: string,
  ): Promise<User> {
    await this.#deps.signIns.requireFresh(signInId);
    const changed = await this.#deps.repo.setPhone(user.id, await this.#prove(input, address));
    if (changed === null) throw alreadyTaken('phone');
    return changed;
  }

  /** Needs a fresh sign-in, as it closes a way in. Throws `last_way_in` when nobody could sign in to the account any more. */
  async remove({ user, signInId }: Authenticated): Promise<User> {
    await this.#deps.signIns.requireFresh(signInId);
    const changed = await this.#deps.repo.removePhone(user.id);
    if (changed === null) throw new AppError('last_way_in');
    return changed;
  }

  deleteExpired(now: Date): Promise<number> {
    return this.#deps.codes.deleteExpired(now);
  }

  /** The number, in E.164. A code works once; `code_invalid` is all that anybody learns of one that doesn't. */
  async #prove({ phone: text, code }: { phone: string; code: string }, address: string): Promise<string> {
    const { limits, codes } = this.#deps;
    const phone = phoneNumberOf(text);
    const guess = await limits.phoneGuess(phone, address);
    const stored = await codes.attempt(
      phone,
      this.#hashOf('address', addressGroup(address)),
      attemptLimits,
      new Date(),
    );
    const given = this.#hash(phone, code);
    if (!isSameHash(stored, given) || !(await codes.remove(phone, given))) throw new AppError('code_invalid');
    await guess.succeeded();
    return phone;
  }

  async #create(phone: string): Promise<User> {
    const created = await this.#deps.newcomers.create('', { phone, displayName: null });
    if (!('taken' in created)) return created;
    const same = await this.#deps.repo.findByPhone(phone);
    if (same === null) throw new AppError('conflict');
    return same;
  }

  #hash(phone: string, code: string): string {
    return this.#hashOf('code', `${phone} ${code}`);
  }

  #hashOf(what: 'code' | 'address', text: string): string {
    return hashCode(this.#deps.secret, `phone ${what} ${text}`);
  }
}
