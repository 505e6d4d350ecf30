import { AppError } from '@maydan/common';
import type { PushDeviceInput } from '@maydan/contracts';
import type { PushDevice } from '@maydan/prisma';
import { UnrecoverableError } from 'bullmq';
import { mayBePublic, postOutside } from './publicHttp.ts';
import type { PushTarget } from './push.repo.ts';
import { isPutOff, PushPutOff, type Push, type PushSender } from './PushSender.ts';
import { areKeysGood, encryptPush, vapidHeader, type VapidKeys } from './webPush.ts';

export interface WebPushOptions {
  readonly vapid: VapidKeys;
  /** Where operators of push services reach us: `https:` or `mailto:`. */
  readonly subject: string;
  readonly allowPrivate: boolean;
}

/** Sends to browsers (RFC 8030). */
export class WebPushSender implements PushSender {
  readonly #options: WebPushOptions;

  constructor(options: WebPushOptions) {
    this.#options = options;
  }

  /** `applicationServerKey` of subscriptions. */
  get publicKey(): string {
    return this.#options.vapid.publicKey;
  }

  /** Throws `validation_failed` for what can't be a subscription. */
  targetOf({ endpoint, keys }: Exclude<PushDeviceInput, { kind: 'fcm' }>): PushTarget {
    const { allowPrivate } = this.#options;
    if (!allowPrivate && !mayBePublic(endpoint)) throw invalid('endpoint', 'is not a push service');
    if (!areKeysGood(keys)) throw invalid('keys', 'are not keys of a subscription');
    return { kind: 'web', target: endpoint, ...keys };
  }

  async send({ target: endpoint, p256dh, auth }: PushDevice, push: Push): Promise<'sent' | 'gone'> {
    if (p256dh === null || auth === null) throw new UnrecoverableError('the subscription has no keys');
    const { vapid, subject, allowPrivate } = this.#options;
    const { id, type, data, title, body: text, lang } = push;
    const shown = { id, type, data, title, body: text, lang, dir: lang === 'ar' ? 'rtl' : 'ltr' };
    const headers = {
      authorization: vapidHeader(endpoint, vapid, subject),
      'content-encoding': 'aes128gcm',
      'content-type': 'application/octet-stream',
      ttl: String(push.ttlSec),
      urgency: push.urgency,
      // A newer push of the same notification takes the place of one that waits (RFC 8030, 5.4): 32 characters at most.
      topic: id.replaceAll('-', ''),
    };
    const body = encryptPush(JSON.stringify(shown), { endpoint, p256dh, auth });
    const { status, retryAfterSec } = await postOutside(endpoint, { headers, body }, allowPrivate).catch(
      (error: unknown) => {
        throw new PushPutOff('the push service can not be reached', null, error);
      },
    );
    if (isPutOff(status)) throw new PushPutOff(`the push service answered ${status}`, retryAfterSec);
    if (status === 404 || status === 410) return 'gone';
    if (status >= 300) throw new UnrecoverableError(`the push service refused the push with ${status}`);
    return 'sent';
  }
}

function invalid(path: string, message: string): AppError {
  return new AppError('validation_failed', undefined, [{ path, message }]);
}
