import type { JobProducer, Logger } from '@maydan/common';
import type { JobData } from '@maydan/contracts';
import type { WebhookDelivery } from '@maydan/prisma';
import { postOutside } from '../push/publicHttp.ts';
import { restMs, retryMs, wishedMs } from './backOff.ts';
import type { WebhookSecrets } from './WebhookSecrets.ts';
import type { Attempt, WebhooksRepo, WebhookWithOwner } from './webhooks.repo.ts';

/** Of one job: then others have their turn. */
const mostInARow = 50;
const jobsAtOnce = 100;
/** So much of an answer is read and shown. */
const answerBytes = 512;
const keptMs = 30 * 86_400_000;

export interface DelivererDependencies {
  readonly repo: WebhooksRepo;
  readonly secrets: WebhookSecrets;
  readonly jobs: JobProducer;
  readonly allowPrivate: boolean;
  readonly timeoutMs: number;
  /** The first retry comes after about so long. */
  readonly retryMs: number;
  /** An endpoint at which nothing has arrived for so long is turned off. */
  readonly disableAfterMs: number;
  /** So many messages wait for an endpoint at most. */
  readonly maxWaiting: number;
  readonly logger: Logger;
}

/**
 * Sends messages to endpoints, each at least once: what is sent stands in PostgreSQL until it was answered. There is one job
 * for an endpoint at a time, so its messages come one after the other, and one that is slow holds up only itself.
 */
export class Deliverer {
  readonly #deps: DelivererDependencies;

  constructor(dependencies: DelivererDependencies) {
    this.#deps = dependencies;
  }

  /** Queues what is due; where too much waits, the oldest messages are given up: they can be replayed. */
  async queueDue(): Promise<false> {
    const { repo, jobs, maxWaiting, logger } = this.#deps;
    for (const { webhookId, waiting, rests } of await repo.due(new Date(), jobsAtOnce, maxWaiting)) {
      if (waiting > maxWaiting) {
        const givenUp = await repo.giveUpOldest(webhookId, maxWaiting);
        logger.warn({ webhookId, waiting, givenUp }, 'too many messages wait for a webhook');
      }
      if (!rests) await jobs.add('webhook.deliver', { webhookId }, { jobId: webhookId });
    }
    return false;
  }

  /** The job: sends what is due to one endpoint, until one fails. */
  async deliver({ webhookId }: JobData<'webhook.deliver'>, signal: AbortSignal): Promise<void> {
    const { repo } = this.#deps;
    for (let sent = 0; sent < mostInARow && !signal.aborted; sent++) {
      const now = new Date();
      const webhook = await repo.open(webhookId, now);
      if (webhook === null) return;
      if (!mayHear(webhook)) return repo.disable(webhook, 'forbidden', now);
      const delivery = await repo.next(webhookId, now);
      if (delivery === null) return;
      const attempt = await this.#send(webhook, delivery);
      if (!isGood(attempt)) return this.#failed(webhook, delivery, attempt);
      await repo.delivered(delivery, attempt);
    }
  }

  /** Deliveries are shown, and can be replayed, for 30 days. */
  deleteOld(now: Date): Promise<void> {
    return this.#deps.repo.deleteBefore(new Date(now.getTime() - keptMs));
  }

  async #send(webhook: WebhookWithOwner, delivery: WebhookDelivery): Promise<Attempt> {
    const { secrets, allowPrivate, timeoutMs } = this.#deps;
    const { id, type, createdAt, data } = delivery;
    const at = new Date();
    const body = Buffer.from(JSON.stringify({ type, timestamp: createdAt.toISOString(), data }));
    const message = { id, timestampSec: Math.floor(at.getTime() / 1_000), body };
    const startedAt = performance.now();
    const latency = (): number => Math.round(performance.now() - startedAt);
    try {
      const headers = {
        'content-type': 'application/json',
        'content-length': String(body.length),
        'user-agent': 'Maydan-Webhooks/1',
        'webhook-id': id,
        'webhook-timestamp': String(message.timestampSec),
        'webhook-signature': secrets.sign(webhook.id, secretsOf(webhook, at), message),
      };
      const options = { timeoutMs, answerBytes };
      const posted = await postOutside(webhook.url, { headers, body }, allowPrivate, options);
      const { status, answer } = posted;
      const wished = { wishedMs: wishedMs(status, posted.retryAfterSec) };
      return { at, status, latencyMs: latency(), answer: shownText(answer), error: null, ...wished };
    } catch (error) {
      const none = { status: null, answer: null, wishedMs: 0 };
      return { at, latencyMs: latency(), error: errorText(error), ...none };
    }
  }

  async #failed(webhook: WebhookWithOwner, delivery: WebhookDelivery, attempt: Attempt): Promise<void> {
    const { repo, retryMs: firstMs, disableAfterMs, logger } = this.#deps;
    const { at, status, error, wishedMs: leastMs } = attempt;
    const waitMs = retryMs(delivery.attempts + 1, firstMs, Math.random());
    const after = (ms: number): Date => new Date(Date.now() + Math.max(ms, leastMs));
    const failingSince = await repo.failed(delivery, attempt, {
      nextAt: waitMs === null ? null : after(waitMs),
      restUntil: after(restMs(webhook.failures + 1, firstMs)),
    });
    const said = {
      webhookId: webhook.id,
      deliveryId: delivery.id,
      attempts: delivery.attempts + 1,
      status,
      error,
    };
    logger.info(said, waitMs === null ? 'a webhook was given up' : 'a webhook did not arrive');
    // 410: it isn't there any more, and doesn't want to be asked again (Standard Webhooks).
    if (status === 410) await repo.disable(webhook, 'gone', at);
    else if (at.getTime() - failingSince.getTime() >= disableAfterMs)
      await repo.disable(webhook, 'failing', at);
  }
}

/** Banned people and former admins aren't told any more. */
function mayHear({ platform, user }: WebhookWithOwner): boolean {
  return user.bannedAt === null && (!platform || user.role === 'admin');
}

function isGood({ status }: Attempt): boolean {
  return status !== null && status >= 200 && status < 300;
}

/** The newest first; the one before signs, too, for a day after it was replaced. */
function secretsOf({ sealedSecret, oldSealedSecret, oldSecretUntil }: WebhookWithOwner, at: Date): string[] {
  const isOldGood = oldSealedSecret !== null && oldSecretUntil !== null && oldSecretUntil > at;
  return isOldGood ? [sealedSecret, oldSealedSecret] : [sealedSecret];
}

/** PostgreSQL takes no NUL in a text. */
function shownText(answer: Buffer): string {
  return answer.toString('utf8').replaceAll('\u0000', '');
}

/** What the owner of an endpoint is shown: a code, not the addresses that a name led to. */
function errorText(error: unknown): string {
  if (typeof error !== 'object' || error === null || !('code' in error)) return 'failed';
  return error.code === 'ABORT_ERR' ? 'timeout' : String(error.code);
}
