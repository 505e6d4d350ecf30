import jwt from 'jsonwebtoken';
import { z } from 'zod';
import { askGoogle } from './askGoogle.ts';
import { PushPutOff } from './PushSender.ts';
import type { ServiceAccount } from './serviceAccount.ts';

const scope = 'https://www.googleapis.com/auth/firebase.messaging';
const grantType = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
const assertionLifetimeSec = 3_600;
/** A token isn't used any more so long before it expires: what is on its way should arrive in time. */
const marginSec = 60;

const granted = z.object({ access_token: z.string().min(1), expires_in: z.number().positive() });
const refused = z.object({ error: z.string().regex(/^\w{1,50}$/) });

/** The access token for FCM: had for an assertion that the service account signs (RFC 7523), and kept while it is good. */
export class FcmAccess {
  readonly #account: ServiceAccount;
  #known: { token: string; until: number } | undefined;
  #asking: Promise<string> | undefined;

  constructor(account: ServiceAccount) {
    this.#account = account;
  }

  /** However many want it at the same time, it is asked for once. Throws `PushPutOff` when it can't be had now. */
  async token(now = Date.now()): Promise<string> {
    if (this.#known !== undefined && now < this.#known.until) return this.#known.token;
    this.#asking ??= this.#ask(now).finally(() => (this.#asking = undefined));
    return this.#asking;
  }

  /** FCM takes this token no more. A newer one stays. */
  forget(token: string): void {
    if (this.#known?.token === token) this.#known = undefined;
  }

  async #ask(now: number): Promise<string> {
    const form = new URLSearchParams({ grant_type: grantType, assertion: this.#assertion() });
    const { status, retryAfterSec, body } = await askGoogle(this.#account.tokenUrl, form);
    const answer = granted.safeParse(body);
    if (status !== 200 || !answer.success) {
      const reason = refused.safeParse(body).data?.error ?? 'no reason given';
      throw new PushPutOff(`no access token for FCM was to be had: ${status}, ${reason}`, retryAfterSec);
    }
    const { access_token: token, expires_in: lifetimeSec } = answer.data;
    const usedSec = Math.max(lifetimeSec - marginSec, lifetimeSec / 2);
    this.#known = { token, until: now + usedSec * 1_000 };
    return token;
  }

  #assertion(): string {
    const { clientEmail, privateKey, privateKeyId, tokenUrl } = this.#account;
    return jwt.sign({ scope }, privateKey, {
      algorithm: 'RS256',
      issuer: clientEmail,
      audience: tokenUrl,
      expiresIn: assertionLifetimeSec,
      ...(privateKeyId === undefined ? {} : { keyid: privateKeyId }),
    });
  }
}
