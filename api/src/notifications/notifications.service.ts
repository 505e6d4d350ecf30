import type {
  NotificationPage,
  NotificationReadInput,
  NotificationSettings,
  NotificationSettingsInput,
  NotificationType,
} from '@maydan/contracts';
import type { User } from '@maydan/prisma';
import type { RateLimits } from '../limits/RateLimits.ts';
import type { PageInput } from '../people/listed.ts';
import type { Emitter } from '../realtime/Emitter.ts';
import { rooms } from '../realtime/rooms.ts';
import { decodeCursor, pageOf } from '../sessions/cursor.ts';
import type { NotificationsRepo } from './notifications.repo.ts';
import type { OutboxRepo } from './outbox.repo.ts';
import { toNotification } from './rows.ts';
import type { NotificationSettingsRepo } from './settings.repo.ts';
import { changedSettings, toSettings } from './settings.ts';

const dayMs = 86_400_000;
const kept = { readMs: 90 * dayMs, allMs: 180 * dayMs };

export interface NotificationsDependencies {
  readonly notifications: NotificationsRepo;
  readonly outbox: OutboxRepo;
  readonly settings: NotificationSettingsRepo;
  readonly limits: RateLimits;
  readonly emitter: Emitter;
}

/** Notifications as their owner uses them (feature N1). Everything may be repeated. */
export class NotificationsService {
  readonly #deps: NotificationsDependencies;

  constructor(dependencies: NotificationsDependencies) {
    this.#deps = dependencies;
  }

  /** One that grows meanwhile moves up, away from later pages. */
  async list(
    user: User,
    input: PageInput & { type?: NotificationType | undefined; only?: 'unread' | undefined },
  ): Promise<NotificationPage> {
    const { notifications } = this.#deps;
    const after = input.cursor === undefined ? null : decodeCursor(input.cursor);
    const filter = { type: input.type, unread: input.only === 'unread' };
    const rows = await notifications.list(user, filter, { after, take: input.limit + 1 });
    const { page, nextCursor } = pageOf(rows, input.limit, ({ at, id }) => ({ at, id }));
    const actors = await notifications.actorsOf(user, page);
    return { items: page.map((row) => toNotification(row, actors)), nextCursor };
  }

  async unread(user: User): Promise<{ unread: number }> {
    return { unread: await this.#deps.notifications.countUnread(user) };
  }

  /** The user's other devices are told. */
  async read(user: User, input: NotificationReadInput): Promise<{ unread: number }> {
    const { notifications, limits, emitter } = this.#deps;
    await limits.notifications(user.id);
    const which = 'ids' in input ? { ids: input.ids } : { until: new Date(input.until) };
    const count = await notifications.markRead(user.id, which, new Date());
    const { unread } = await this.unread(user);
    const ids = 'ids' in input ? input.ids : null;
    const until = 'ids' in input ? null : input.until;
    if (count > 0) await emitter.emit(rooms.user(user.id), 'notification:read', { ids, until, unread });
    return { unread };
  }

  /** Tells the user's devices of one that was read with what it is about. */
  async tellRead(user: User, id: string): Promise<void> {
    const { unread } = await this.unread(user);
    await this.#deps.emitter.emit(rooms.user(user.id), 'notification:read', {
      ids: [id],
      until: null,
      unread,
    });
  }

  async remove(user: User, id: string): Promise<void> {
    const { notifications, limits, emitter } = this.#deps;
    await limits.notifications(user.id);
    if (!(await notifications.remove(user.id, id))) return;
    const { unread } = await this.unread(user);
    await emitter.emit(rooms.user(user.id), 'notification:removed', { id, unread });
  }

  async settings(user: User): Promise<NotificationSettings> {
    return toSettings(await this.#deps.settings.find(user.id));
  }

  async changeSettings(user: User, input: NotificationSettingsInput): Promise<NotificationSettings> {
    await this.#deps.limits.notifications(user.id);
    return toSettings(await this.#deps.settings.change(user.id, (before) => changedSettings(before, input)));
  }

  /** What was read 90 days ago, or happened 180 days ago, goes. */
  async deleteOld(now: Date): Promise<void> {
    const { notifications, outbox } = this.#deps;
    const before = new Date(now.getTime() - kept.allMs);
    await notifications.deleteBefore(new Date(now.getTime() - kept.readMs), before);
    await outbox.deleteBefore(before);
  }
}
