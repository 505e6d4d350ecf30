import type { Logger } from '@maydan/common';
import type { Database } from '@maydan/prisma';
import type { RateLimits } from '../limits/RateLimits.ts';
import type { Emitter } from '../realtime/Emitter.ts';
import { NotificationsRepo } from './notifications.repo.ts';
import { NotificationsService } from './notifications.service.ts';
import { Outbox } from './Outbox.ts';
import { OutboxRepo } from './outbox.repo.ts';
import { Pump } from './Pump.ts';
import { NotificationSettingsRepo } from './settings.repo.ts';

export interface NotificationsParts {
  readonly database: Database;
  readonly limits: RateLimits;
  readonly emitter: Emitter;
  readonly logger: Logger;
}

const periodMs = 2_000;

/** The parts of notifications, wired up. Whoever starts the pump closes it. */
export function createNotifications({ database, limits, emitter, logger }: NotificationsParts) {
  const notifications = new NotificationsRepo(database);
  const outbox = new OutboxRepo(database);
  const settings = new NotificationSettingsRepo(database);
  const parts = { notifications, outbox, emitter, logger };
  const worker = new Outbox({ ...parts, pushDue: () => undefined });
  return {
    notifications: new NotificationsService({ ...parts, settings, limits }),
    outbox: new Pump({ step: () => worker.step(), name: 'notifications', periodMs, logger }),
  };
}
