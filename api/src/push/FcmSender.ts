import type { PushDevice } from '@maydan/prisma';
import { askGoogle, type Answered } from './askGoogle.ts';
import { fcmMessage, fcmOutcome, isAccessRefused } from './fcm.ts';
import { FcmAccess } from './FcmAccess.ts';
import type { Push, PushSender } from './PushSender.ts';
import type { ServiceAccount } from './serviceAccount.ts';

/** Sends to apps by the HTTP v1 API of Firebase Cloud Messaging. */
export class FcmSender implements PushSender {
  readonly #url: string;
  readonly #access: FcmAccess;

  constructor(account: ServiceAccount, baseUrl: string) {
    this.#url = `${baseUrl}/v1/projects/${encodeURIComponent(account.projectId)}/messages:send`;
    this.#access = new FcmAccess(account);
  }

  /** An access token that is refused is renewed once. */
  async send({ target }: PushDevice, push: Push): Promise<'sent' | 'gone'> {
    const body = JSON.stringify({ message: fcmMessage(target, push, new Date()) });
    const first = await this.#post(body);
    return fcmOutcome(isAccessRefused(first) ? await this.#post(body) : first);
  }

  async #post(body: string): Promise<Answered> {
    const token = await this.#access.token();
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const answer = await askGoogle(this.#url, body, headers);
    if (isAccessRefused(answer)) this.#access.forget(token);
    return answer;
  }
}
