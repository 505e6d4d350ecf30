import { AppError, type Logger } from '@maydan/common';
import { playbackLeaseSec, type ListedUser, type PlaybackGranted, type UserPage } from '@maydan/contracts';
import type { User } from '@maydan/prisma';
import { actorOf, audited, type Also } from '../audit/audit.repo.ts';
import type { RateLimits } from '../limits/RateLimits.ts';
import type { Blocks, Viewer } from '../people/blocks.repo.ts';
import { userPage, type PageInput } from '../people/listed.ts';
import { decodeCursor, pageOf } from '../sessions/cursor.ts';
import { sessionView } from '../sessions/sessionView.ts';
import type { SessionRow } from '../sessions/sessions.repo.ts';
import type { SessionsService } from '../sessions/sessions.service.ts';
import type { AccessRepo } from './access.repo.ts';
import type { PlaybackViews } from './PlaybackViews.ts';

const maxInvited = 1_000;

export interface AccessDependencies {
  readonly repo: AccessRepo;
  readonly views: PlaybackViews;
  readonly sessions: Pick<SessionsService, 'findWatchable' | 'findSteerable'>;
  readonly blocks: Pick<Blocks, 'eitherBlocks'>;
  readonly limits: Pick<RateLimits, 'stage'>;
  /** Somebody is to be told of what was written. */
  readonly toldLater: () => void;
  readonly logger: Logger;
}

/** Invitations to private sessions, and the addresses with which these are played (features L1, L2). */
export class AccessService {
  readonly #deps: AccessDependencies;

  constructor(dependencies: AccessDependencies) {
    this.#deps = dependencies;
  }

  /** Throws as `findWatchable` does. */
  async playback(viewer: Viewer, sessionId: string, base: string): Promise<PlaybackGranted> {
    const row = await this.#deps.sessions.findWatchable(viewer, sessionId);
    const { session, expiresAt } = await this.#deps.views.view(row, viewer, base);
    const renewAfterSec = playbackLeaseSec / 2;
    return { playback: session.playback, expiresAt: expiresAt?.toISOString() ?? null, renewAfterSec };
  }

  /** Sessions that one is invited to; to be played, each is asked for by itself. */
  async invited(user: User, input: PageInput, base: string) {
    const after = input.cursor === undefined ? null : decodeCursor(input.cursor);
    const rows = await this.#deps.repo.sessionsOf(user.id, { after, take: input.limit + 1 });
    const { page, nextCursor } = pageOf(rows, input.limit, ({ at, session }) => ({ at, id: session.id }));
    return { items: page.map(({ session }) => sessionView(session, base)), nextCursor };
  }

  async list(actor: User, sessionId: string, input: PageInput): Promise<UserPage> {
    await this.#deps.sessions.findSteerable(actor, sessionId, 'look');
    return userPage(input, (wish) => this.#deps.repo.list(sessionId, wish));
  }

  /** May be repeated. Throws `not_found`, also for somebody behind a block, and `conflict` for the host and beyond the limit. */
  async create(actor: User, { id, userId }: { id: string; userId: string }): Promise<ListedUser> {
    const { repo, blocks, toldLater, logger } = this.#deps;
    const session = await this.#steer(actor, id);
    if (userId === session.hostId) throw new AppError('conflict', 'The host needs no invitation.');
    if (!(await repo.isThere(userId)) || (await blocks.eitherBlocks(session.hostId, userId)))
      throw new AppError('not_found');
    const also = byModerator(actor, session, userId, 'invitation.added');
    const invited = await repo.create(session, userId, maxInvited, also);
    if (invited === null) throw new AppError('conflict', `${maxInvited} people are invited already.`);
    toldLater();
    logger.info({ sessionId: id, userId, byId: actor.id }, 'invited to a session');
    return { user: invited.user, since: invited.since.toISOString() };
  }

  /** Throws `not_found` when there is no such invitation. Who is let in by nothing else is put out by `AccessKeeper`. */
  async remove(actor: User, { id, userId }: { id: string; userId: string }): Promise<void> {
    const session = await this.#steer(actor, id);
    const also = byModerator(actor, session, userId, 'invitation.removed');
    if (!(await this.#deps.repo.remove(id, userId, also))) throw new AppError('not_found');
    this.#deps.logger.info({ sessionId: id, userId, byId: actor.id }, 'an invitation was taken back');
  }

  async #steer(actor: User, sessionId: string): Promise<SessionRow> {
    await this.#deps.limits.stage(actor.id);
    return this.#deps.sessions.findSteerable(actor, sessionId);
  }
}

/** What somebody else than the host does with a host's guests is for the audit log. */
function byModerator(
  actor: User,
  { id, hostId }: SessionRow,
  userId: string,
  action: 'invitation.added' | 'invitation.removed',
): Also | undefined {
  if (actor.id === hostId) return undefined;
  return audited({ actor: actorOf(actor, hostId), action, target: { kind: 'session', id }, userId });
}
