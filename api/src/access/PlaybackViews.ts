import { mintPlaybackToken } from '@maydan/common';
import type { Session } from '@maydan/contracts';
import type { Viewer } from '../people/blocks.repo.ts';
import { sessionView } from '../sessions/sessionView.ts';
import type { SessionRow } from '../sessions/sessions.repo.ts';
import type { PlaybackLeases } from './PlaybackLeases.ts';

/** A session as somebody sees it who was let in, and until when its addresses are good; null: for ever. */
export interface Viewed {
  readonly session: Session;
  readonly expiresAt: Date | null;
}

/** Gives people the addresses with which they play a session. */
export class PlaybackViews {
  readonly #leases: Pick<PlaybackLeases, 'grant'>;
  readonly #secret: string;

  constructor(leases: Pick<PlaybackLeases, 'grant'>, secret: string) {
    this.#leases = leases;
    this.#secret = secret;
  }

  /** `viewer` may see the session, which is for the caller to know; `base` is their playback base. */
  async view(row: SessionRow, viewer: Viewer, base: string): Promise<Viewed> {
    if (viewer === null || (row.visibility !== 'private' && mayNotBeBanned(viewer, row)))
      return { session: sessionView(row, base), expiresAt: null };
    // Who plays a public session is told by the token alone: it is refused once they are banned, and needs no lease.
    const expiresAt = row.visibility === 'private' ? await this.#leases.grant(row, viewer.id) : null;
    const token = mintPlaybackToken(this.#secret, { playbackId: row.playbackId, userId: viewer.id });
    return { session: sessionView(row, base, token), expiresAt };
  }
}

const mayNotBeBanned = ({ id, role }: NonNullable<Viewer>, { hostId }: SessionRow): boolean =>
  id === hostId || role !== 'user';
