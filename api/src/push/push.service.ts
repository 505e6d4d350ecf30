import { AppError, type JobProducer, type Logger } from '@maydan/common';
import type { JobData, PushConfig, PushDevice, PushDeviceInput } from '@maydan/contracts';
import type { PushDevice as DeviceRow } from '@maydan/prisma';
import { UnrecoverableError } from 'bullmq';
import type { Authenticated } from '../identity/signIns.service.ts';
import type { RateLimits } from '../limits/RateLimits.ts';
import { pushTable } from '../notifications/delivery.ts';
import type { NotificationsRepo } from '../notifications/notifications.repo.ts';
import { toNotification } from '../notifications/rows.ts';
import { mayBePublic, postOutside } from './publicHttp.ts';
import type { DuePush, PushParts, PushRepo } from './push.repo.ts';
import { pushText } from './pushText.ts';
import { areKeysGood, encryptPush, vapidHeader, type VapidKeys } from './webPush.ts';

const attempts = 8;
/** Jobs that are over are remembered for so long, so that a push that is queued again by mistake is sent once. */
const remembered = { age: 3_600, count: 20_000 };

/** A push service that can't take it now. */
export class PushPutOff extends Error {
  readonly retryAfterSec: number | null;

  constructor(message: string, retryAfterSec: number | null, cause?: unknown) {
    super(message, { cause });
    this.retryAfterSec = retryAfterSec;
  }
}

export interface PushDependencies {
  readonly repo: PushRepo;
  readonly notifications: NotificationsRepo;
  readonly limits: RateLimits;
  readonly jobs: JobProducer;
  /** Null: there is no web push here. */
  readonly vapid: VapidKeys | null;
  /** Where operators of push services reach us: `https:` or `mailto:`. */
  readonly subject: string;
  readonly allowPrivate: boolean;
  readonly logger: Logger;
}

/** Devices that take pushes, and what is sent to them (feature N2). */
export class PushService {
  readonly #deps: PushDependencies;

  constructor(dependencies: PushDependencies) {
    this.#deps = dependencies;
  }

  get config(): PushConfig {
    return { webPushPublicKey: this.#deps.vapid?.publicKey ?? null };
  }

  /** For as long as the sign-in lasts. Again, it changes nothing. Throws `conflict` where there is no such push. */
  async register({ user, signInId }: Authenticated, input: PushDeviceInput): Promise<PushDevice> {
    const { repo, limits, vapid, allowPrivate } = this.#deps;
    await limits.notifications(user.id);
    if (vapid === null) throw new AppError('conflict', 'Web push is not set up here.');
    const { endpoint, keys } = input;
    if (!allowPrivate && !mayBePublic(endpoint)) throw invalid('endpoint', 'is not a push service');
    if (!areKeysGood(keys)) throw invalid('keys', 'are not keys of a subscription');
    const device = { userId: user.id, signInId, kind: 'web' as const, target: endpoint, ...keys };
    return toDevice(await repo.register(device));
  }

  async list({ user }: Authenticated): Promise<{ items: PushDevice[] }> {
    return { items: (await this.#deps.repo.list(user.id)).map(toDevice) };
  }

  async remove({ user }: Authenticated, id: string): Promise<void> {
    await this.#deps.limits.notifications(user.id);
    await this.#deps.repo.remove(user.id, id);
  }

  /** Queues what is due; false when there was nothing. */
  async queueDue(): Promise<boolean> {
    const { repo } = this.#deps;
    const now = new Date();
    if (!(await repo.isDue(now))) return false;
    await repo.queueDue(now, async (pushes) => {
      for (const push of pushes) await this.#queue(push);
    });
    return true;
  }

  /** The job. Throws `PushPutOff` when it is to be tried again. */
  async send({ userId, notificationId, deviceId }: JobData<'push.send'>): Promise<void> {
    const { repo, logger } = this.#deps;
    const parts = await repo.find(userId, notificationId, deviceId);
    if (parts === null) return;
    const status = await this.#post(parts);
    if (status === 404 || status === 410) {
      logger.info({ userId, deviceId, status }, 'a device takes no pushes any more');
      return repo.gone(parts.device);
    }
    if (status >= 300) throw new UnrecoverableError(`the push service refused the push with ${status}`);
  }

  /** Devices of sign-ins that ended. */
  removeEnded(now: Date): Promise<void> {
    return this.#deps.repo.removeEnded(now);
  }

  #queue({ userId, notificationId, deviceId, pushAt }: DuePush): Promise<void> {
    const jobId = `${notificationId}-${deviceId}-${pushAt.getTime()}`;
    const kept = { removeOnComplete: remembered, removeOnFail: remembered };
    const options = { jobId, attempts, backoff: { type: 'custom' }, ...kept };
    return this.#deps.jobs.add('push.send', { userId, notificationId, deviceId }, options);
  }

  async #post({ notification, device, language }: PushParts): Promise<number> {
    const { vapid, notifications, subject, allowPrivate } = this.#deps;
    const { target: endpoint, p256dh, auth } = device;
    if (vapid === null || p256dh === null || auth === null)
      throw new UnrecoverableError('there is no web push');
    const actors = await notifications.actorsOf({ id: device.userId, role: 'user' }, [notification]);
    const told = toNotification(notification, actors);
    const lang = language ?? 'en';
    const { id, type, data } = told;
    const shown = { id, type, data, ...pushText(lang, told), lang, dir: lang === 'ar' ? 'rtl' : 'ltr' };
    const { ttlSec, urgency } = pushTable[type];
    const headers = {
      authorization: vapidHeader(endpoint, vapid, subject),
      'content-encoding': 'aes128gcm',
      'content-type': 'application/octet-stream',
      ttl: String(ttlSec),
      urgency,
      // A newer push of the same notification takes the place of one that waits (RFC 8030, 5.4): 32 characters at most.
      topic: id.replaceAll('-', ''),
    };
    const body = encryptPush(JSON.stringify(shown), { endpoint, p256dh, auth });
    const { status, retryAfterSec } = await postOutside(endpoint, { headers, body }, allowPrivate).catch(
      (error: unknown) => {
        throw new PushPutOff('the push service can not be reached', null, error);
      },
    );
    if (status === 429 || status >= 500)
      throw new PushPutOff(`the push service answered ${status}`, retryAfterSec);
    return status;
  }
}

function toDevice({ id, kind, createdAt }: DeviceRow): PushDevice {
  return { id, kind, createdAt: createdAt.toISOString() };
}

function invalid(path: string, message: string): AppError {
  return new AppError('validation_failed', undefined, [{ path, message }]);
}
