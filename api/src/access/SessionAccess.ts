import { AppError } from '@maydan/common';
import type { Traces } from '../moderation/traces/Traces.ts';
import type { Viewer } from '../people/blocks.repo.ts';
import type { SessionRow } from '../sessions/sessions.repo.ts';
import type { AccessRepo, Standing } from './access.repo.ts';
import type { PlaybackLeases } from './PlaybackLeases.ts';

/** What of a session decides who is let in. */
type AskedSession = Pick<SessionRow, 'id' | 'hostId' | 'visibility'>;

const bannedText = 'The host has banned you from this session.';

/** To watch it or take part in it is more than to know of it. */
export type Wish = 'see' | 'watch';

/**
 * The one place that decides who is let into a session (features L1, L2): every way in asks here, by `findVisible` of the
 * sessions. Moderators and admins see everything, as that is their work.
 */
export class SessionAccess {
  readonly #repo: Pick<AccessRepo, 'standing' | 'watching'>;
  readonly #leases: Pick<PlaybackLeases, 'admit'>;
  readonly #traces: Pick<Traces, 'note' | 'banHere'>;

  constructor(
    repo: Pick<AccessRepo, 'standing' | 'watching'>,
    leases: Pick<PlaybackLeases, 'admit'>,
    traces: Pick<Traces, 'note' | 'banHere'>,
  ) {
    this.#repo = repo;
    this.#leases = leases;
    this.#traces = traces;
  }

  /**
   * Throws `not_found` past a block, and for a host whose account is banned; of a private session `session_private` for those whom it doesn't let in, and `forbidden`
   * for whom the host has banned; of a public one, which they could tell of without an account, that is thrown to watch it. Who was let into a private one is put out once they aren't any more (`AccessKeeper`).
   */
  async require(
    viewer: Viewer,
    session: AskedSession & Pick<SessionRow, 'host'>,
    wish: Wish = 'see',
  ): Promise<void> {
    if (viewer === null && session.host.bannedAt !== null) throw new AppError('not_found');
    return this.admit(viewer, session, (userId) => this.#repo.standing(session.id, userId), wish);
  }

  /** The same where the standing is read with something else. `standingOf` is asked only if it matters. */
  async admit(
    viewer: Viewer,
    session: AskedSession,
    standingOf: (userId: string) => Promise<Standing> | Standing,
    wish: Wish,
  ): Promise<void> {
    const isPrivate = session.visibility === 'private';
    if (viewer === null) {
      if (isPrivate) throw new AppError('session_private');
      if (wish === 'watch') await this.#checkGuest(session.id);
      return;
    }
    this.#traces.note(viewer.id);
    if (viewer.role === 'user' && viewer.id !== session.hostId)
      requireStanding(await standingOf(viewer.id), isPrivate, wish);
    if (isPrivate) await this.#leases.admit(session.id, viewer.id);
  }

  /** Whether nothing has ended it for somebody who was let in: no ban, also of their account, no block, nor the end of what let them in. */
  async isStillIn(userId: string, sessionId: string): Promise<boolean> {
    return (await this.#repo.watching([{ sessionId, userId }])).size > 0;
  }

  /** Who was banned doesn't come back as a guest, from a device or an address that the ban includes. */
  async #checkGuest(sessionId: string): Promise<void> {
    const ban = await this.#traces.banHere(sessionId);
    if (ban === 'account') throw new AppError('account_banned');
    if (ban === 'session') throw new AppError('forbidden', bannedText);
  }
}

function requireStanding({ isHidden, isBanned, isAdmitted }: Standing, isPrivate: boolean, wish: Wish): void {
  if (isHidden) throw new AppError('not_found');
  if (isBanned && (isPrivate || wish === 'watch')) throw new AppError('forbidden', bannedText);
  if (!isAdmitted) throw new AppError('session_private');
}
