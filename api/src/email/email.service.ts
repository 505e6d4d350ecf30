import { AppError } from '@maydan/common';
import { hashCode, isSameHash, newCode, requireResend, resendAfterSec, tooSoon } from '../identity/codes.ts';
import type { IdentityRepo, User } from '../identity/identity.repo.ts';
import { alreadyTaken } from '../identity/identity.service.ts';
import type { Authenticated, SignInsService } from '../identity/signIns.service.ts';
import type { RateLimits } from '../limits/RateLimits.ts';
import type { EmailCodesRepo } from './emailCodes.repo.ts';
import type { MailSender } from './MailSender.ts';

const expiresInSec = 900;
const maxAttempts = 5;

export interface EmailDependencies {
  readonly repo: IdentityRepo;
  readonly codes: EmailCodesRepo;
  readonly signIns: SignInsService;
  readonly limits: RateLimits;
  readonly mail: MailSender;
  readonly secret: string;
}

/**
 * Email addresses that people prove as their own, by a code. Only such an address finds somebody. The answers are the same
 * whether or not an address is another account's: who has proved it is told.
 */
export class EmailService {
  readonly #deps: EmailDependencies;

  constructor(dependencies: EmailDependencies) {
    this.#deps = dependencies;
  }

  /**
   * To the account's own address unless another is given; replaces an earlier code. Throws `rate_limited` with the time to
   * wait, `conflict` for an address that is proved, `unavailable` when nothing could be sent.
   */
  async send(user: User, given: string | undefined, address: string) {
    const { codes, limits, mail } = this.#deps;
    const email = given ?? user.email;
    if (email === null) {
      throw new AppError('validation_failed', undefined, [
        { path: 'email', message: 'The account has none.' },
      ]);
    }
    if (email === user.email && user.emailVerifiedAt !== null)
      throw new AppError('conflict', 'This email address is proved.');
    requireResend(await codes.sentAt(user.id));
    await limits.emailCode(user.id, email, address);
    const code = newCode();
    const codeHash = this.#hash(user.id, email, code);
    const now = Date.now();
    const [sentAt, expiresAt] = [new Date(now), new Date(now + expiresInSec * 1_000)];
    const written = { userId: user.id, email, codeHash, sentAt, expiresAt };
    if (!(await codes.replace(written, new Date(now - resendAfterSec * 1_000)))) throw tooSoon();
    try {
      await mail.send({ to: email, subject: 'Maydan', text: textOf(code, user.username) });
    } catch (error) {
      await codes.remove(user.id, codeHash);
      throw error;
    }
    return { expiresInSec, resendAfterSec };
  }

  /**
   * Another address than before needs a fresh sign-in, as it is a name to sign in with. One that another account has, but never
   * proved, is taken from it. Throws `code_invalid`, which is all that anybody learns of one that doesn't work, and
   * `already_taken`, to one who has proved the address.
   */
  async prove(
    { user, signInId }: Authenticated,
    { email, code }: { email: string; code: string },
  ): Promise<User> {
    const { repo, codes, limits, signIns } = this.#deps;
    if (email !== user.email) await signIns.requireFresh(signInId);
    await limits.emailGuess(user.id);
    const stored = await codes.attempt(user.id, maxAttempts, new Date());
    const given = this.#hash(user.id, email, code);
    if (!isSameHash(stored, given) || !(await codes.remove(user.id, given)))
      throw new AppError('code_invalid');
    const changed = await repo.setEmail(user.id, email, new Date());
    if (changed === null) throw alreadyTaken('email');
    return changed;
  }

  deleteExpired(now: Date): Promise<number> {
    return this.#deps.codes.deleteExpired(now);
  }

  #hash(userId: string, email: string, code: string): string {
    return hashCode(this.#deps.secret, `email code ${userId} ${email} ${code}`);
  }
}

function textOf(code: string, username: string): string {
  const english = `Your code to prove this email address for the account ${username}; give it to nobody. If you did not ask for it, do nothing.`;
  const arabic = `رمز إثبات هذا البريد للحساب ${username}، لا تعطه لأحد. إن لم تطلبه فلا تفعل شيئًا.`;
  return `Maydan: ${code}\n\n${arabic}\n\n${english}\n`;
}
