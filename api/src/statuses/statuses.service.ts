import { AppError, type Logger } from '@maydan/common';
import type { StatusCreate, StatusFeed, StatusPage, StatusView, UserPage } from '@maydan/contracts';
import type { User } from '@maydan/prisma';
import { moderates } from '../identity/requireRole.ts';
import type { RateLimits } from '../limits/RateLimits.ts';
import type { MediaViews } from '../media/mediaViews.ts';
import { userPage, type PageInput } from '../people/listed.ts';
import type { UsersRepo } from '../people/users.repo.ts';
import { decodeCursor, pageOf } from '../sessions/cursor.ts';
import { decodeFeedCursor, encodeFeedCursor } from './feedCursor.ts';
import type { FeedRepo } from './feed.repo.ts';
import { toOwnStatus, toStatus, type StatusRow } from './rows.ts';
import type { StatusAnnouncer } from './StatusAnnouncer.ts';
import type { StatusesRepo } from './statuses.repo.ts';

export interface StatusesDependencies {
  readonly repo: StatusesRepo;
  readonly feed: FeedRepo;
  readonly users: UsersRepo;
  readonly views: MediaViews;
  readonly announcer: StatusAnnouncer;
  readonly limits: RateLimits;
  readonly logger: Logger;
}

/** What people show for a day (feature P4). What somebody may not see, or has expired, is `not_found`. */
export class StatusesService {
  readonly #deps: StatusesDependencies;

  constructor(dependencies: StatusesDependencies) {
    this.#deps = dependencies;
  }

  /**
   * Once for each `tempId`: again, the answer is the same status as it stands now. Throws `rate_limited`, and `conflict` for
   * too many, for a file that can't be used, and for the `tempId` of a status that is over.
   */
  async create(user: User, input: StatusCreate): Promise<StatusView> {
    const { repo, limits, announcer, views } = this.#deps;
    await limits.statuses(user.id);
    const { id, made } = await repo.create(user.id, input, new Date());
    const row = await repo.find(user, id);
    if (row === null) throw new AppError('conflict', 'The status with this tempId is over.');
    if (!made) return this.#own(row);
    await announcer.created(row);
    return toOwnStatus(row, views, 0);
  }

  async feed(user: User, { cursor, limit }: PageInput): Promise<StatusFeed> {
    const { repo, feed, views } = this.#deps;
    const after = cursor === undefined ? null : decodeFeedCursor(cursor);
    const rows = await feed.people(user.id, after, limit + 1);
    const page = rows.slice(0, limit);
    const last = page.at(-1);
    const found = await repo.findMany(
      user,
      page.map(({ latestId }) => latestId),
    );
    const latest = new Map(found.map((row) => [row.id, toStatus(row, views)]));
    const items = page.flatMap(({ userId, username, displayName, count, unseen, latestId }) => {
      const status = latest.get(latestId);
      // Deleted or expired meanwhile.
      if (status === undefined) return [];
      return [{ user: { id: userId, username, displayName }, count, unseen, latest: status }];
    });
    return { items, nextCursor: rows.length > limit && last !== undefined ? encodeFeedCursor(last) : null };
  }

  /** Somebody's, or one's own. Throws `not_found` when there is no such user, or a block lies between. */
  async list(user: User, userId: string, { cursor, limit }: PageInput): Promise<StatusPage> {
    const { repo, users } = this.#deps;
    const after = cursor === undefined ? null : decodeCursor(cursor);
    if (userId !== user.id && !(await users.isVisible(user, userId))) throw new AppError('not_found');
    const rows = await repo.list(user, userId, { after, take: limit + 1 });
    const { page, nextCursor } = pageOf(rows, limit, ({ createdAt, id }) => ({ at: createdAt, id }));
    return { items: await this.#views(user, page), nextCursor };
  }

  /** Throws `not_found`. */
  async get(user: User, id: string): Promise<StatusView> {
    const row = await this.#deps.repo.find(user, id);
    if (row === null) throw new AppError('not_found');
    return row.userId === user.id ? this.#own(row) : toStatus(row, this.#deps.views);
  }

  /**
   * Gone for all at once; its file is removed soon. Moderators may, whoever it is shown to: the audit log says who did. Throws
   * `not_found`, and `forbidden` for other people's.
   */
  async remove(user: User, id: string): Promise<void> {
    const { repo, limits, announcer, logger } = this.#deps;
    await limits.statuses(user.id);
    if (!moderates(user)) await this.#requireOwn(user, id);
    const row = await repo.end(user, id);
    if (row === null) throw new AppError('not_found');
    if (row.userId !== user.id) {
      logger.info({ statusId: id, userId: row.userId, moderatorId: user.id }, 'a moderator deleted a status');
    }
    await announcer.deleted(row);
  }

  /** May be repeated; of one's own nothing is kept. Throws `not_found`. */
  async see(user: User, id: string): Promise<void> {
    const { repo, limits } = this.#deps;
    await limits.statusViews(user.id);
    const ownerId = await repo.ownerOf(user, id);
    if (ownerId === null) throw new AppError('not_found');
    if (ownerId !== user.id) await repo.see(user.id, id);
  }

  /** Who has seen it, each once. Throws `not_found`, and `forbidden` for other people's. */
  async viewers(user: User, id: string, page: PageInput): Promise<UserPage> {
    await this.#requireOwn(user, id);
    return userPage(page, (wish) => this.#deps.repo.viewers(user.id, id, wish));
  }

  async #requireOwn(user: User, id: string): Promise<void> {
    const ownerId = await this.#deps.repo.ownerOf(user, id);
    if (ownerId === null) throw new AppError('not_found');
    if (ownerId !== user.id) throw new AppError('forbidden');
  }

  async #own(row: StatusRow): Promise<StatusView> {
    const counts = await this.#deps.repo.countViewers(row.userId, [row.id]);
    return toOwnStatus(row, this.#deps.views, counts.get(row.id) ?? 0);
  }

  async #views(user: User, rows: readonly StatusRow[]): Promise<StatusView[]> {
    const { repo, views } = this.#deps;
    const own = rows.filter(({ userId }) => userId === user.id);
    const counts = await repo.countViewers(
      user.id,
      own.map(({ id }) => id),
    );
    return rows.map((row) =>
      row.userId === user.id ? toOwnStatus(row, views, counts.get(row.id) ?? 0) : toStatus(row, views),
    );
  }
}
