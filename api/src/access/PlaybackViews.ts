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
    if (row.visibility !== 'private' || viewer === null)
      return { session: sessionView(row, base), expiresAt: null };
    const expiresAt = await this.#leases.grant(row, viewer.id);
    const token = mintPlaybackToken(this.#secret, { playbackId: row.playbackId, userId: viewer.id });
    return { session: sessionView(row, base, token), expiresAt };
  }
}
