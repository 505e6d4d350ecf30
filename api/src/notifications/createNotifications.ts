import type { JobProducer, Logger } from '@maydan/common';
import type { Database } from '@maydan/prisma';
import type { ApiConfig } from '../config.ts';
import type { RateLimits } from '../limits/RateLimits.ts';
import { createSenders } from '../push/createSenders.ts';
import { PushRepo } from '../push/push.repo.ts';
import { PushService } from '../push/push.service.ts';
import type { Emitter } from '../realtime/Emitter.ts';
import { NotificationsRepo } from './notifications.repo.ts';
import { NotificationsService } from './notifications.service.ts';
import { Outbox } from './Outbox.ts';
import { OutboxRepo } from './outbox.repo.ts';
import { Pump } from './Pump.ts';
import { NotificationSettingsRepo } from './settings.repo.ts';
import type { WhoIsOnline } from './unreadMessages.repo.ts';

export interface NotificationsParts {
  readonly config: ApiConfig;
  readonly jobs: JobProducer;
  readonly database: Database;
  readonly limits: RateLimits;
  readonly emitter: Emitter;
  readonly whoIsOnline: WhoIsOnline;
  readonly logger: Logger;
}

const periodMs = 2_000;

/** The parts of notifications, wired up. Whoever starts the pumps closes them. */
export function createNotifications(dependencies: NotificationsParts) {
  const { config, database, limits, jobs, emitter, whoIsOnline, logger } = dependencies;
  const notifications = new NotificationsRepo(database);
  const outbox = new OutboxRepo(database, whoIsOnline);
  const settings = new NotificationSettingsRepo(database);
  const parts = { notifications, outbox, emitter, logger };
  const push = new PushService({
    ...{ repo: new PushRepo(database), notifications, limits, jobs, logger },
    senders: createSenders(config),
  });
  const duePushes = new Pump({ step: () => push.queueDue(), name: 'pushes', periodMs, logger });
  const worker = new Outbox({ ...parts, pushDue: () => duePushes.wake() });
  return {
    push,
    duePushes,
    notifications: new NotificationsService({ ...parts, settings, limits }),
    outbox: new Pump({ step: () => worker.step(), name: 'notifications', periodMs, logger }),
  };
}
