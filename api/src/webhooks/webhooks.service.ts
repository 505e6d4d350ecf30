import { AppError } from '@maydan/common';
import type {
  Webhook,
  WebhookCreateInput,
  WebhookDelivery,
  WebhookDeliveryPage,
  WebhookUpdateInput,
  WebhookWithSecret,
} from '@maydan/contracts';
import { webhook as webhookSchema, webhookType } from '@maydan/contracts';
import {
  newId,
  type User,
  type Webhook as WebhookRow,
  type WebhookDelivery as DeliveryRow,
} from '@maydan/prisma';
import { requireRole } from '../identity/requireRole.ts';
import type { RateLimits } from '../limits/RateLimits.ts';
import { mayBePublic } from '../push/publicHttp.ts';
import type { WebhookSecrets } from './WebhookSecrets.ts';
import type { WebhooksRepo } from './webhooks.repo.ts';

/** Endpoints of one user. */
const most = 10;
const overlapMs = 86_400_000;

export interface WebhooksDependencies {
  readonly repo: WebhooksRepo;
  readonly secrets: WebhookSecrets;
  readonly limits: RateLimits;
  readonly allowPrivate: boolean;
  /** Something is due. */
  readonly wake: () => void;
}

/** Endpoints of other systems, as their owners manage them (feature A3). Those of the whole platform are admins' alone. */
export class WebhooksService {
  readonly #deps: WebhooksDependencies;

  constructor(dependencies: WebhooksDependencies) {
    this.#deps = dependencies;
  }

  async create(user: User, input: WebhookCreateInput): Promise<WebhookWithSecret> {
    const { repo, secrets, limits } = this.#deps;
    if (input.platform) requireRole(user, 'admin');
    await limits.webhooks(user.id);
    this.#checkUrl(input.url);
    const id = newId();
    const { secret, sealedSecret } = secrets.create(id);
    const row = await repo.create(user.id, { ...input, id, sealedSecret }, most);
    if (row === null) throw new AppError('conflict', `You have ${most} webhooks.`);
    return { ...toWebhook(row), secret };
  }

  async list({ id }: User): Promise<{ items: Webhook[] }> {
    return { items: (await this.#deps.repo.list(id)).map(toWebhook) };
  }

  async update(user: User, input: WebhookUpdateInput): Promise<Webhook> {
    const { repo, limits, wake } = this.#deps;
    await limits.webhooks(user.id);
    const before = found(await repo.find(user.id, input.id));
    if (before.platform) requireRole(user, 'admin');
    if (input.url !== undefined) this.#checkUrl(input.url);
    const row = found(await repo.update(user.id, input));
    wake();
    return toWebhook(row);
  }

  async remove(user: User, id: string): Promise<void> {
    const { repo, limits } = this.#deps;
    await limits.webhooks(user.id);
    if (!(await repo.remove(user.id, id))) throw new AppError('not_found');
  }

  async rotate(user: User, id: string): Promise<WebhookWithSecret> {
    const { repo, secrets, limits } = this.#deps;
    await limits.webhooks(user.id);
    const { secret, sealedSecret } = secrets.create(id);
    const oldUntil = new Date(Date.now() + overlapMs);
    return { ...toWebhook(found(await repo.rotate(user.id, id, sealedSecret, oldUntil))), secret };
  }

  async deliveries(
    user: User,
    { id, cursor, limit }: { id: string; cursor?: string | undefined; limit: number },
  ): Promise<WebhookDeliveryPage> {
    const { repo } = this.#deps;
    found(await repo.find(user.id, id));
    const rows = await repo.deliveries(id, cursor === undefined ? null : seqOf(cursor), limit + 1);
    const last = rows.length > limit ? rows[limit - 1] : undefined;
    return {
      items: rows.slice(0, limit).map(toDelivery),
      nextCursor: last === undefined ? null : Buffer.from(String(last.seq)).toString('base64url'),
    };
  }

  /** Again and again, it is one message that is sent anew. */
  async replay(user: User, { id, deliveryId }: { id: string; deliveryId: string }): Promise<WebhookDelivery> {
    const { repo, limits, wake } = this.#deps;
    await limits.webhooks(user.id);
    found(await repo.find(user.id, id));
    const row = found(await repo.replay(id, deliveryId));
    wake();
    return toDelivery(row);
  }

  #checkUrl(url: string): void {
    const { protocol, username, password } = new URL(url);
    const isWeb = ['http:', 'https:'].includes(protocol) && username === '' && password === '';
    if (this.#deps.allowPrivate ? isWeb : mayBePublic(url)) return;
    throw new AppError('validation_failed', undefined, [
      { path: 'url', message: 'must be an https address of the public internet' },
    ]);
  }
}

function found<T>(row: T | null): T {
  if (row === null) throw new AppError('not_found');
  return row;
}

function seqOf(cursor: string): bigint {
  const text = Buffer.from(cursor, 'base64url').toString();
  if (!/^\d{1,18}$/.test(text)) {
    throw new AppError('validation_failed', undefined, [{ path: 'cursor', message: 'is not a cursor' }]);
  }
  return BigInt(text);
}

function toWebhook(row: WebhookRow): Webhook {
  const { id, url, platform, enabled } = row;
  return {
    ...{ id, url, platform, enabled },
    types: row.types.flatMap((type) => webhookType.safeParse(type).data ?? []),
    disabledReason: webhookSchema.shape.disabledReason.catch(null).parse(row.disabledReason),
    failingSince: row.failingSince?.toISOString() ?? null,
    createdAt: row.createdAt.toISOString(),
  };
}

function toDelivery(row: DeliveryRow): WebhookDelivery {
  const { id, state, attempts, status, latencyMs, answer, error } = row;
  return {
    ...{ id, state, attempts, status, latencyMs, answer, error },
    type: webhookType.parse(row.type),
    nextAt: row.nextAt?.toISOString() ?? null,
    createdAt: row.createdAt.toISOString(),
    attemptedAt: row.attemptedAt?.toISOString() ?? null,
  };
}
