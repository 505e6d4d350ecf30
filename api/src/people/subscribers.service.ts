import { AppError, type Logger } from '@maydan/common';
import type { Subscriber, SubscriberInput, SubscriberPage } from '@maydan/contracts';
import type { User } from '@maydan/prisma';
import type { RateLimits } from '../limits/RateLimits.ts';
import { decodeCursor, pageOf } from '../sessions/cursor.ts';
import type { PageInput } from './listed.ts';
import type { ListedSubscriber, SubscribersRepo } from './subscribers.repo.ts';

const maxSubscribers = 10_000;

export interface SubscribersDependencies {
  readonly subscribers: SubscribersRepo;
  readonly limits: RateLimits;
  readonly logger: Logger;
}

/** Whom a host has write where a chat is for subscribers only (feature G1). The host admits them; nothing is sold here. */
export class SubscribersService {
  readonly #deps: SubscribersDependencies;

  constructor(dependencies: SubscribersDependencies) {
    this.#deps = dependencies;
  }

  async list(host: User, { cursor, limit }: PageInput): Promise<SubscriberPage> {
    const after = cursor === undefined ? null : decodeCursor(cursor);
    const rows = await this.#deps.subscribers.list(host.id, { after, take: limit + 1 });
    const { page, nextCursor } = pageOf(rows, limit, ({ user, since }) => ({ at: since, id: user.id }));
    return { items: page.map(toSubscriber), nextCursor };
  }

  /**
   * May be repeated: `until` is then as it was said last. Throws `not_found`, also when a block lies between them,
   * `validation_failed` when `until` is over, and `conflict` for oneself and beyond the limit.
   */
  async admit(host: User, { userId, until }: SubscriberInput): Promise<Subscriber> {
    const { subscribers, limits, logger } = this.#deps;
    await limits.people(host.id);
    if (userId === host.id) throw new AppError('conflict', 'You write in your chats anyway.');
    const end = until === null ? null : new Date(until);
    if (end !== null && end.getTime() <= Date.now()) {
      throw new AppError('validation_failed', undefined, [{ path: 'until', message: 'is over' }]);
    }
    const admitted = await subscribers.admit(host.id, userId, end, maxSubscribers);
    if (admitted === 'hidden') throw new AppError('not_found');
    if (admitted === 'tooMany') {
      throw new AppError('conflict', `You have ${maxSubscribers} subscribers; remove one first.`);
    }
    logger.info({ hostId: host.id, userId, until }, 'subscriber admitted');
    return toSubscriber(admitted);
  }

  /** Throws `not_found` when they weren't. */
  async remove(host: User, userId: string): Promise<void> {
    const { subscribers, limits, logger } = this.#deps;
    await limits.people(host.id);
    if (!(await subscribers.remove(host.id, userId))) throw new AppError('not_found');
    logger.info({ hostId: host.id, userId }, 'subscriber removed');
  }
}

function toSubscriber({ user, since, until }: ListedSubscriber): Subscriber {
  return { user, since: since.toISOString(), until: until?.toISOString() ?? null };
}
