import { AppError, type JobProducer, type Logger } from '@maydan/common';
import type { JobData, PushConfig, PushDevice, PushDeviceInput } from '@maydan/contracts';
import type { PushDevice as DeviceRow } from '@maydan/prisma';
import { UnrecoverableError } from 'bullmq';
import type { Authenticated } from '../identity/signIns.service.ts';
import type { RateLimits } from '../limits/RateLimits.ts';
import type { NotificationsRepo } from '../notifications/notifications.repo.ts';
import { toNotification } from '../notifications/rows.ts';
import type { PushSenders } from './createSenders.ts';
import type { DuePush, PushParts, PushRepo, PushTarget } from './push.repo.ts';
import { pushOf } from './pushOf.ts';
import type { Push } from './PushSender.ts';

const attempts = 8;
/** Jobs that are over are remembered for so long, so that a push that is queued again by mistake is sent once. */
const remembered = { age: 3_600, count: 20_000 };

export interface PushDependencies {
  readonly repo: PushRepo;
  readonly notifications: NotificationsRepo;
  readonly limits: RateLimits;
  readonly jobs: JobProducer;
  readonly senders: PushSenders;
  readonly logger: Logger;
}

/** Devices that take pushes, and what is sent to them (feature N2). */
export class PushService {
  readonly #deps: PushDependencies;

  constructor(dependencies: PushDependencies) {
    this.#deps = dependencies;
  }

  get config(): PushConfig {
    const { web, fcm } = this.#deps.senders;
    return { webPushPublicKey: web?.publicKey ?? null, fcm: fcm !== null };
  }

  /**
   * For as long as the sign-in lasts. Again, it changes nothing. Throws `push_not_set_up` where there are no such pushes,
   * `token_invalid` when the sign-in ends meanwhile.
   */
  async register({ user, signInId }: Authenticated, input: PushDeviceInput): Promise<PushDevice> {
    await this.#deps.limits.notifications(user.id);
    const device = { userId: user.id, signInId, ...this.#targetOf(input) };
    const row = await this.#deps.repo.register(device);
    if (row === null) throw new AppError('token_invalid');
    return toDevice(row);
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
    const { repo, senders, logger } = this.#deps;
    const parts = await repo.find(userId, notificationId, deviceId);
    if (parts === null) return;
    const { kind } = parts.device;
    const push = await this.#pushOf(parts);
    if (push === null) return;
    const sender = senders[kind];
    if (sender === null) throw new UnrecoverableError(`pushes of the kind ${kind} are not set up`);
    if ((await sender.send(parts.device, push)) === 'sent') return;
    logger.info({ userId, deviceId, kind }, 'a device takes no pushes any more');
    await repo.gone(parts.device);
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

  #targetOf(input: PushDeviceInput): PushTarget {
    const { web, fcm } = this.#deps.senders;
    if (input.kind === 'fcm') {
      if (fcm === null) throw new AppError('push_not_set_up', 'FCM is not set up here.');
      return { kind: 'fcm', target: input.token, p256dh: null, auth: null };
    }
    if (web === null) throw new AppError('push_not_set_up', 'Web push is not set up here.');
    return web.targetOf(input);
  }

  /** Null when nobody of those who did it may be seen by its owner any more: blocked, banned or gone. */
  async #pushOf({ notification, device, language }: PushParts): Promise<Push | null> {
    const owner = { id: device.userId, role: 'user' as const };
    const actors = await this.#deps.notifications.actorsOf(owner, [notification]);
    const told = toNotification(notification, actors);
    if (notification.actorCount > 0 && told.actors.length === 0) return null;
    return pushOf(told, notification.groupKey, language ?? 'en');
  }
}

function toDevice({ id, kind, createdAt }: DeviceRow): PushDevice {
  return { id, kind, createdAt: createdAt.toISOString() };
}
