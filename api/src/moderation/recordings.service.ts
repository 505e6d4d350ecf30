import { AppError, type Logger } from '@maydan/common';
import type { Session } from '@maydan/contracts';
import type { User } from '@maydan/prisma';
import type { PlaybackLeases } from '../access/PlaybackLeases.ts';
import type { PlaybackViews } from '../access/PlaybackViews.ts';
import { actorOf } from '../audit/audit.repo.ts';
import { requireRole } from '../identity/requireRole.ts';
import type { SessionAnnouncer } from '../realtime/SessionAnnouncer.ts';
import type { SessionCommands } from '../sessions/SessionCommands.ts';
import type { SessionRow } from '../sessions/sessions.repo.ts';
import type { SessionsService } from '../sessions/sessions.service.ts';
import type { ModeratedRepo } from './moderated.repo.ts';
import type { RecordingAct } from './notices.ts';
import type { Ranks } from './Ranks.ts';
import type { RecordingsRepo } from './recordings.repo.ts';

export interface RecordingsDependencies {
  readonly recordings: RecordingsRepo;
  readonly moderated: Pick<ModeratedRepo, 'findUser'>;
  readonly ranks: Ranks;
  readonly sessions: Pick<SessionsService, 'find' | 'findVisible' | 'tellOrigins'>;
  readonly leases: Pick<PlaybackLeases, 'playing' | 'end'>;
  readonly views: PlaybackViews;
  readonly commands: Pick<SessionCommands, 'removeRecording'>;
  readonly announcer: Pick<SessionAnnouncer, 'announce'>;
  /** There is a cause of notifications. */
  readonly toldLater: () => void;
  readonly logger: Logger;
}

interface Wish {
  readonly id: string;
  readonly reason: string | null;
}

/**
 * Hides and deletes recordings (feature M2). From the commit on the api gives nobody an address, and origins refuse playlists,
 * segments and pictures within a second, also to who plays it. Each throws `not_found`, `forbidden`, and `wrong_state` without a
 * recording. `base` is the playback base of the one who asks.
 */
export class RecordingsService {
  readonly #deps: RecordingsDependencies;

  constructor(dependencies: RecordingsDependencies) {
    this.#deps = dependencies;
  }

  /** By its host. */
  async deleteOwn(user: User, id: string, base: string): Promise<Session> {
    const session = await this.#deps.sessions.findVisible(user, id);
    if (session.hostId !== user.id) throw new AppError('forbidden');
    return this.#change('deleted', user, session, null, base);
  }

  /** By a moderator who stands above the host. To hide it again changes nothing. */
  async moderate(act: RecordingAct, actor: User, { id, reason }: Wish, base: string): Promise<Session> {
    requireRole(actor, 'moderator', 'admin');
    const { sessions, moderated, ranks } = this.#deps;
    const session = await sessions.find(id);
    const host = await moderated.findUser(session.hostId);
    if (host === null) throw new AppError('not_found');
    await ranks.requireAbove(actor, host);
    return this.#change(act, actor, session, reason, base);
  }

  async #change(
    act: RecordingAct,
    actor: User,
    session: SessionRow,
    reason: string | null,
    base: string,
  ): Promise<Session> {
    const { recordings, sessions, leases, commands, announcer, toldLater, views, logger } = this.#deps;
    const { id, hostId } = session;
    const target = { kind: 'session', id } as const;
    const action = `recording.${act}` as const;
    const audit = { actor: actorOf(actor, hostId), action, target, userId: hostId, reason };
    if (await recordings.change(id, { act, actor, reason, audit })) {
      toldLater();
      logger.info({ sessionId: id, userId: actor.id }, `a recording was ${act}`);
    }
    await sessions.tellOrigins(session);
    if (act !== 'shown') await this.#endLeases(session, leases);
    if (act === 'deleted') await commands.removeRecording(session);
    await announcer.announce(id);
    return (await views.view(await sessions.find(id), actor, base)).session;
  }

  /** Those who play it now may ask again, and are told that there is nothing. */
  async #endLeases(session: SessionRow, leases: RecordingsDependencies['leases']): Promise<void> {
    const playing = await leases.playing(session);
    if (playing.length > 0) await leases.end(session, playing);
  }
}
