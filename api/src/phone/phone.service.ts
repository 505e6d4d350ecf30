import { createHmac, randomInt, timingSafeEqual } from 'node:crypto';
import { AppError } from '@maydan/common';
import type { Me, TokenPair } from '@maydan/contracts';
import { alreadyTaken } from '../identity/identity.service.ts';
import type { IdentityRepo, User } from '../identity/identity.repo.ts';
import type { Newcomers } from '../identity/Newcomers.ts';
import type { Authenticated, ClientInfo, SignInsService } from '../identity/signIns.service.ts';
import type { RateLimits } from '../limits/RateLimits.ts';
import type { PhoneCodesRepo } from './phoneCodes.repo.ts';
import { phoneNumberOf } from './phoneNumber.ts';
import type { SmsSender } from './SmsSender.ts';

const expiresInSec = 300;
const resendAfterSec = 60;
const maxAttempts = 5;

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
    await this.#awaitResend(phone);
    await limits.phoneCode(phone, address);
    const code = String(randomInt(1_000_000)).padStart(6, '0');
    const codeHash = this.#hash(phone, code);
    const now = Date.now();
    const [sentAt, expiresAt] = [new Date(now), new Date(now + expiresInSec * 1_000)];
    const isFirst = await codes.replace(
      { phone, codeHash, sentAt, expiresAt },
      new Date(now - resendAfterSec * 1_000),
    );
    if (!isFirst) throw tooSoon(resendAfterSec);
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
    const phone = await this.#prove(input);
    const user = (await this.#deps.repo.findByPhone(phone)) ?? (await this.#create(phone));
    return this.#deps.signIns.start(user, client);
  }

  /** Needs a fresh sign-in, as the number opens the account. Throws `already_taken`, to one who has proved the number. */
  async take({ user, signInId }: Authenticated, input: { phone: string; code: string }): Promise<User> {
    await this.#deps.signIns.requireFresh(signInId);
    const changed = await this.#deps.repo.setPhone(user.id, await this.#prove(input));
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
  async #prove({ phone: text, code }: { phone: string; code: string }): Promise<string> {
    const phone = phoneNumberOf(text);
    await this.#deps.limits.phoneGuess(phone);
    const stored = await this.#deps.codes.attempt(phone, maxAttempts, new Date());
    const given = this.#hash(phone, code);
    const isRight = stored !== null && timingSafeEqual(Buffer.from(stored), Buffer.from(given));
    if (!isRight || !(await this.#deps.codes.remove(phone, given))) throw new AppError('code_invalid');
    return phone;
  }

  async #create(phone: string): Promise<User> {
    const created = await this.#deps.newcomers.create('', { phone, displayName: null });
    if (!('taken' in created)) return created;
    const same = await this.#deps.repo.findByPhone(phone);
    if (same === null) throw new AppError('conflict');
    return same;
  }

  /** Asks before the limits count: waiting out the minute costs nobody a code. */
  async #awaitResend(phone: string): Promise<void> {
    const sentAt = await this.#deps.codes.sentAt(phone);
    const waitMs = sentAt === null ? 0 : sentAt.getTime() + resendAfterSec * 1_000 - Date.now();
    if (waitMs > 0) throw tooSoon(Math.ceil(waitMs / 1_000));
  }

  #hash(phone: string, code: string): string {
    return createHmac('sha256', this.#deps.secret).update(`phone code ${phone} ${code}`).digest('hex');
  }
}

function tooSoon(retryAfterSec: number): AppError {
  return new AppError('rate_limited', undefined, { retryAfterSec });
}
