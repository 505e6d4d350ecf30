import { createHmac, timingSafeEqual } from 'node:crypto';
import { AppError } from './AppError.ts';

/** Who plays a private playback. */
export interface PlaybackGrant {
  readonly playbackId: string;
  /** A user's id, or `originUser`. */
  readonly userId: string;
}

/** An origin that asks another one, for viewers whom it has checked itself. */
export const originUser = 'origin';

const macLength = 22;
const periodSec = 12 * 3_600;
const format = /^([0-9a-z-]{1,36})\.([0-9a-z]{1,9})\.([\w-]{22})$/;

/**
 * A token for the path of playback addresses: no player has to send a header, and all that playlists name comes with it. It
 * is good for 12 to 24 hours, and within them only while its user has a lease (`playbackKeys.leases`). The same is minted for
 * hours, so that addresses don't change while somebody plays; the moment at which it does is another one for each user.
 */
export function mintPlaybackToken(secret: string, grant: PlaybackGrant, nowMs = Date.now()): string {
  const shiftSec = Number.parseInt(macOf(secret, `shift ${grant.userId}`).slice(0, 6), 36) % periodSec || 0;
  const period = Math.floor((nowMs / 1_000 + shiftSec) / periodSec);
  const signed = `${grant.userId}.${((period + 2) * periodSec - shiftSec).toString(36)}`;
  return `${signed}.${macOf(secret, `${grant.playbackId}.${signed}`)}`;
}

/** The token's user. Throws `token_invalid`, also for another playback's token, or `token_expired`. */
export function readPlaybackToken(
  secret: string,
  playbackId: string,
  token: string,
  nowMs = Date.now(),
): string {
  const [, userId, expiresAtSec, mac] = format.exec(token) ?? [];
  if (userId === undefined || expiresAtSec === undefined || mac === undefined)
    throw new AppError('token_invalid');
  const right = macOf(secret, `${playbackId}.${userId}.${expiresAtSec}`);
  if (!timingSafeEqual(Buffer.from(mac), Buffer.from(right))) throw new AppError('token_invalid');
  if (Number.parseInt(expiresAtSec, 36) * 1_000 <= nowMs) throw new AppError('token_expired');
  return userId;
}

function macOf(secret: string, text: string): string {
  return createHmac('sha256', secret).update(`playback ${text}`).digest('base64url').slice(0, macLength);
}
