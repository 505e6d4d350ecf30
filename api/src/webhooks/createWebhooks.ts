import type { JobProducer, Logger } from '@maydan/common';
import type { Database } from '@maydan/prisma';
import type { ApiConfig } from '../config.ts';
import type { RateLimits } from '../limits/RateLimits.ts';
import { Pump } from '../notifications/Pump.ts';
import { Deliverer } from './Deliverer.ts';
import { WebhookSecrets } from './WebhookSecrets.ts';
import { WebhooksRepo } from './webhooks.repo.ts';
import { WebhooksService } from './webhooks.service.ts';

export interface WebhooksParts {
  readonly config: ApiConfig;
  readonly database: Database;
  readonly jobs: JobProducer;
  readonly limits: RateLimits;
  readonly logger: Logger;
}

const periodMs = 1_000;

/** The parts of webhooks, wired up. Whoever starts the pump closes it. */
export function createWebhooks({ config, database, jobs, limits, logger }: WebhooksParts) {
  const repo = new WebhooksRepo(database);
  const secrets = new WebhookSecrets(config.WEBHOOK_SECRET ?? config.ACCESS_TOKEN_SECRET);
  const allowPrivate = config.WEBHOOK_ALLOW_PRIVATE;
  const deliverer = new Deliverer({
    ...{ repo, secrets, jobs, allowPrivate, logger },
    ...{ timeoutMs: config.WEBHOOK_TIMEOUT_MS, retryMs: config.WEBHOOK_RETRY_MS },
    ...{ disableAfterMs: config.WEBHOOK_DISABLE_AFTER_MS, maxWaiting: config.WEBHOOK_MAX_WAITING },
  });
  const pump = new Pump({ step: () => deliverer.queueDue(), name: 'webhooks', periodMs, logger });
  return {
    deliverer,
    pump,
    webhooks: new WebhooksService({ repo, secrets, limits, allowPrivate, wake: () => pump.wake() }),
  };
}
