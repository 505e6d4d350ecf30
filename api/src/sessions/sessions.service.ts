import { AppError, type Logger, type Redis } from '@maydan/common';
import {
  streamHealth,
  type EndReason,
  type channel,
  type Session,
  type sessionCreateInput,
  type sessionUpdateInput,
  type StreamHealth,
} from '@maydan/contracts';
import type { DatabaseTransaction, User } from '@maydan/prisma';
import type { z } from 'zod';
import { actorOf, audited, type Also } from '../audit/audit.repo.ts';
import { moderates, requireRole } from '../identity/requireRole.ts';
import type { RoomModeratorsRepo } from '../moderation/roomModerators.repo.ts';
import { endNotice } from '../moderation/notices.ts';
import { requireReach } from '../moderation/Ranks.ts';
import { notify, notifyAt } from '../notifications/causes.repo.ts';
import { soonCause } from '../notifications/causes.ts';
import type { AccessEnds } from '../access/AccessEnds.ts';
import type { PlaybackLeases } from '../access/PlaybackLeases.ts';
import type { PlaybackViews } from '../access/PlaybackViews.ts';
import type { SessionAccess } from '../access/SessionAccess.ts';
import type { CategoriesRepo } from '../categories/categories.repo.ts';
import type { Blocks, Viewer } from '../people/blocks.repo.ts';
import type { SessionAnnouncer } from '../realtime/SessionAnnouncer.ts';
import { healthKey } from './healthKey.ts';
import type { SessionCommands } from './SessionCommands.ts';
import { sessionView } from './sessionView.ts';
import type { SessionRow, SessionsRepo } from './sessions.repo.ts';
import { isShut } from './shut.ts';
import { noSource } from './sources.ts';
import { textColumns } from './textColumns.ts';

const maxPrepared = 50;

export interface SessionsDependencies {
  readonly repo: SessionsRepo;
  readonly blocks: Blocks;
  readonly categories: Pick<CategoriesRepo, 'isActive'>;
  readonly roomModerators: Pick<RoomModeratorsRepo, 'moderates'>;
  readonly access: Pick<SessionAccess, 'require'>;
  readonly leases: Pick<PlaybackLeases, 'setPrivate'>;
  readonly ends: Pick<AccessEnds, 'endAll'>;
  readonly views: PlaybackViews;
  readonly commands: SessionCommands;
  readonly announcer: SessionAnnouncer;
  readonly redis: Redis;
  /** So long before a scheduled session people are reminded of it. */
  readonly reminderLeadMs: number;
  readonly logger: Logger;
}

/** Sessions as people see and steer them (feature L1). `base` is the playback base of the one who asks. */
export class SessionsService {
  readonly #deps: SessionsDependencies;

  constructor(dependencies: SessionsDependencies) {
    this.#deps = dependencies;
  }

  async create(host: User, input: z.infer<typeof sessionCreateInput>, base: string): Promise<Session> {
    if ((await this.#deps.repo.countIdle(host.id)) >= maxPrepared) {
      throw new AppError('conflict', `You have prepared ${maxPrepared} sessions; end one first.`);
    }
    await this.#requireCategory(input.category);
    const created = await this.#deps.repo.create(
      { ...input, ...textColumns(input), hostId: host.id },
      (transaction, row) => this.#remind(transaction, row, input.scheduledStartAt),
    );
    if (created.visibility === 'private') await this.tellOrigins(created);
    return this.#view(created, host, base);
  }

  /** The schedule can be changed until the session starts, everything else at any time. */
  async update(user: User, input: z.infer<typeof sessionUpdateInput>, base: string): Promise<Session> {
    const { id, ...changes } = input;
    const session = await this.findSteerable(user, id);
    if (changes.category !== session.category) await this.#requireCategory(changes.category);
    // First, so that nothing is played between the two, also if we die there.
    if (changes.visibility === 'private') await this.#deps.leases.setPrivate(session.playbackId, true);
    const where = changes.scheduledStartAt === undefined ? {} : { state: 'idle' as const };
    const act = { ...moderating(user, session), details: { fields: Object.keys(changes).join(' ') } };
    const written = session.hostId === user.id ? null : audited({ ...act, action: 'session.changed' });
    const also: Also = async (transaction) => {
      await written?.(transaction);
      await this.#remind(transaction, session, changes.scheduledStartAt);
    };
    const updated = await this.#deps.repo.update(id, { ...changes, ...textColumns(changes) }, where, also);
    if (changes.visibility !== undefined) await this.tellOrigins(session);
    if (updated === null) throw new AppError('wrong_state', 'The session has started already.');
    if (changes.stageLayout !== undefined) await this.#deps.commands.updateControl(updated);
    if (session.visibility !== 'private' && updated.visibility === 'private')
      await this.#deps.ends.endAll(updated);
    await this.#deps.announcer.announce(id);
    return this.#view(updated, user, base);
  }

  /** An unlisted session is found by its id alone. Throws as `findWatchable` does: it has the addresses to watch it. */
  async get(viewer: Viewer, id: string, base: string): Promise<Session> {
    return this.#view(await this.findWatchable(viewer, id), viewer, base);
  }

  /** As all are told of it, who were let in before: without anybody's token. Throws `not_found`. */
  async announced(id: string, base: string): Promise<Session> {
    return sessionView(await this.find(id), base);
  }

  /** Ends the session for good, by its host, or by a moderator, of which the host is told; again while it is ending changes nothing. */
  async end(
    user: User,
    { id, reason }: { id: string; reason: string | null },
    base: string,
  ): Promise<{ session: Session; row: SessionRow }> {
    const row = await this.#end(user, await this.findSteerable(user, id), reason);
    return { session: await this.#view(row, user, base), row };
  }

  async #end(user: User, session: SessionRow, reason: string | null): Promise<SessionRow> {
    const { id, hostId } = session;
    if (hostId === user.id) return this.close(id, 'hostEnded', user.id);
    const written = audited({ ...moderating(user, session), action: 'session.ended', reason });
    const also: Also = async (transaction) => {
      await written(transaction);
      await notify(transaction, endNotice(session, reason));
    };
    return this.close(id, 'moderatorEnded', user.id, also);
  }

  /** Ends a session for good, as `userId` wishes; throws `wrong_state` when it has ended. */
  async close(id: string, endReason: EndReason, userId: string, also?: Also): Promise<SessionRow> {
    const ended = await this.#deps.repo.transition(id, 'endRequested', {
      where: { state: { not: 'ending' } },
      data: (next) => ({
        endReason,
        ...noSource,
        ...(next === 'ended' ? { endedAt: new Date() } : {}),
      }),
      ...(also === undefined ? {} : { also }),
    });
    const current = ended ?? (await this.find(id));
    if (ended === null && current.state !== 'ending') throw new AppError('wrong_state');
    await this.#deps.commands.writeControl(current);
    await this.#deps.commands.stop(current, 'ended');
    if (ended !== null) {
      this.#deps.logger.info({ sessionId: id, endReason, userId }, current.state);
      await this.#deps.announcer.announce(id);
    }
    return current;
  }

  /** The newest report of the stream's health; null when none came lately. */
  async health(user: User, id: string): Promise<StreamHealth | null> {
    await this.findSteerable(user, id, 'look');
    const text = await this.#deps.redis.get(healthKey(id));
    return text === null ? null : streamHealth.parse(JSON.parse(text));
  }

  /** Throws `not_found`, also for a banned account, but for moderators and admins. */
  async channel(viewer: Viewer, username: string, base: string): Promise<z.infer<typeof channel>> {
    const { repo, blocks } = this.#deps;
    const host = await repo.findHost(username);
    const isThere = host !== null && (host.bannedAt === null || (viewer !== null && moderates(viewer)));
    if (!isThere || (await blocks.hides(viewer, host.id))) throw new AppError('not_found');
    const [live, recording] = await Promise.all([
      repo.newest(host.id, 'onAir'),
      repo.newest(host.id, 'recording'),
    ]);
    return {
      user: { id: host.id, username: host.username, displayName: host.displayName },
      live: live === null ? null : sessionView(live, base),
      latestRecording: recording === null ? null : sessionView(recording, base),
    };
  }

  /** Who plays it, as PostgreSQL has it, also when somebody else changes it at the same time. */
  async tellOrigins({ id, playbackId }: Pick<SessionRow, 'id' | 'playbackId'>): Promise<void> {
    for (let told: boolean | undefined; ;) {
      const isPrivate = isShut(await this.find(id));
      if (told === isPrivate) return;
      await this.#deps.leases.setPrivate(playbackId, isPrivate);
      told = isPrivate;
    }
  }

  /** Throws `not_found`. */
  async find(id: string): Promise<SessionRow> {
    const session = await this.#deps.repo.find(id);
    if (session === null) throw new AppError('not_found');
    return session;
  }

  /** A session that lets the viewer in. Every way in goes through here. Throws `not_found`, and as `SessionAccess` says. */
  async findVisible(viewer: Viewer, id: string): Promise<SessionRow> {
    const session = await this.find(id);
    await this.#deps.access.require(viewer, session);
    return session;
  }

  /** As `findVisible`, for who wants to watch: throws `forbidden` for whom the host has banned, also from a public session. */
  async findWatchable(viewer: Viewer, id: string): Promise<SessionRow> {
    const session = await this.find(id);
    await this.#deps.access.require(viewer, session, 'watch');
    return session;
  }

  /**
   * A session whose room the user moderates, as its host, by the host's appointment (unless banned from it), or for the
   * platform. Throws `not_found` or `forbidden`.
   */
  async findModerated(user: User, id: string): Promise<SessionRow> {
    const session = await this.findVisible(user, id);
    if (session.hostId === user.id || user.role !== 'user') return session;
    if (!(await this.#deps.roomModerators.moderates(session, user.id))) throw new AppError('forbidden');
    return session;
  }

  /**
   * A session that the user may steer, as its host, moderator or admin: an admin's no moderator changes or ends, they may look
   * at what its host sees. Throws `not_found` or `forbidden`.
   */
  async findSteerable(user: User, id: string, wish: 'look' | 'change' = 'change'): Promise<SessionRow> {
    const session = await this.findVisible(user, id);
    if (session.hostId === user.id) return session;
    requireRole(user, 'moderator', 'admin');
    if (wish === 'change') requireReach(user, session.host);
    return session;
  }

  /** Who wants to be reminded is to be told before that time, unless it is too soon, or the session is moved again. */
  async #remind(
    transaction: DatabaseTransaction,
    session: SessionRow,
    startsAt: string | null | undefined,
  ): Promise<void> {
    if (startsAt === null || startsAt === undefined) return;
    const at = new Date(Date.parse(startsAt) - this.#deps.reminderLeadMs);
    if (at > new Date()) await notifyAt(transaction, soonCause(session, new Date(startsAt)), at);
  }

  /** Throws `validation_failed` for one that isn't in the catalogue, or is out of use. */
  async #requireCategory(slug: string | null | undefined): Promise<void> {
    if (slug === null || slug === undefined || (await this.#deps.categories.isActive(slug))) return;
    throw new AppError('validation_failed', undefined, [{ path: 'category', message: 'is not a category' }]);
  }

  async #view(row: SessionRow, viewer: Viewer, base: string): Promise<Session> {
    return (await this.#deps.views.view(row, viewer, base)).session;
  }
}

/** For the audit log. */
function moderating(user: User, { id, hostId }: SessionRow) {
  return { actor: actorOf(user, hostId), target: { kind: 'session', id }, userId: hostId } as const;
}
