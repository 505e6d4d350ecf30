import { mintPlaybackToken } from '@maydan/common';
import type { Session } from '@maydan/contracts';
import { moderates } from '../identity/requireRole.ts';
import type { Viewer } from '../people/blocks.repo.ts';
import { sessionView } from '../sessions/sessionView.ts';
import type { SessionRow } from '../sessions/sessions.repo.ts';
import { isShut } from '../sessions/shut.ts';
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
    const isLeased = isShut(row);
    if (viewer === null || isGone(row, viewer) || (!isLeased && mayNotBeBanned(viewer, row)))
      return { session: sessionView(row, base), expiresAt: null };
    // Who plays a public session is told by the token alone: it is refused once they are banned, and needs no lease.
    const expiresAt = isLeased ? await this.#leases.grant(row, viewer.id) : null;
    const token = mintPlaybackToken(this.#secret, { playbackId: row.playbackId, userId: viewer.id });
    return { session: sessionView(row, base, token), expiresAt };
  }
}

/** A recording that was deleted, or is hidden from others than those who look into it. */
function isGone({ hiddenAt, recordingDeletedAt }: SessionRow, viewer: NonNullable<Viewer>): boolean {
  return recordingDeletedAt !== null || (hiddenAt !== null && !moderates(viewer));
}

const mayNotBeBanned = ({ id, role }: NonNullable<Viewer>, { hostId }: SessionRow): boolean =>
  id === hostId || role !== 'user';
