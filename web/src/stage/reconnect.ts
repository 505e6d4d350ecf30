import { errorTable } from '@maydan/contracts';
import type { ErrorCode, LeaveReason } from '@maydan/contracts';
import type { CloseReason } from './stageState.ts';

/** What a client does after it was let out of a room by its reason; null: it is out for good. */
export function afterRoomClosed(reason: LeaveReason): 'newGrant' | null {
  // `lost`: the sfu gave this peer up while it was away; it may come as a new one.
  // `accessEnded`: the session has become private, and may still let this person in; the api knows.
  return reason === 'roomLost' || reason === 'lost' || reason === 'accessEnded' ? 'newGrant' : null;
}

/** Why the api's refusal of a grant is final; null: the same question can succeed later. */
export function closeReasonOf(code: ErrorCode): CloseReason | null {
  if (errorTable[code].retry) return null;
  switch (code) {
    case 'account_banned':
      return 'banned';
    case 'session_private':
      return 'accessEnded';
    case 'wrong_state':
    case 'not_found':
      return 'sessionEnded';
    case 'internal':
      return null;
    default:
      return 'refused';
  }
}

export interface Outage {
  /** Failed attempts since the connection was lost, or since the beginning. */
  readonly failures: number;
  readonly lostForMs: number;
  readonly grantAgeMs: number;
  /** Why the last attempt failed; null when there was none. */
  readonly code: ErrorCode | null;
}

export interface NextAttempt {
  readonly delayMs: number;
  /** A new join token, perhaps of another node, is asked for first. */
  readonly newGrant: boolean;
}

const quickPhaseMs = 10_000;
const minGrantAgeMs = 1_000;

/**
 * When and how to connect again. A lost socket is tried once at once with the same token, which resumes the peer; a node
 * that doesn't answer, or fails twice, is taken for gone, and the api asked for another. `random` in [0, 1) spreads the clients of a node.
 */
export function nextAttempt(outage: Outage, random: number): NextAttempt {
  const { failures, lostForMs, grantAgeMs, code } = outage;
  if (failures === 0) return { delayMs: 0, newGrant: false };
  const baseMs = lostForMs < quickPhaseMs ? 300 : 2_000;
  const refused = code !== null && !errorTable[code].retry;
  const expired = code === 'token_expired';
  const stale = (failures >= 2 || code === 'timeout') && grantAgeMs >= minGrantAgeMs;
  return { delayMs: Math.round(baseMs * (1 + random)), newGrant: expired || refused || stale };
}

/** How long to wait before the api is asked once more where to go, while the node of this client says nothing. */
export function nextQuestionMs(asked: number): number {
  return asked < 6 ? 400 : 2_000;
}
