import type { SeatState } from './seats.ts';

/**
 * What can happen to somebody's place on stage. The host admits or rejects a request, invites, and removes; the person
 * requests, accepts or declines an invitation, and leaves (which also takes a request back); the sfu says who came on stage
 * and who went off it.
 */
export type SeatEvent =
  | 'requested'
  | 'invited'
  | 'admitted'
  | 'rejected'
  | 'accepted'
  | 'declined'
  | 'removed'
  | 'left'
  | 'cameOnStage'
  | 'wentOffStage';

type Row = Partial<Record<SeatEvent, SeatState>>;
const anew: Row = { requested: 'requested', invited: 'invited' };

/**
 * The one table of seats; `none` before there is one. An event that has no entry is refused in that state; one that leads
 * to the state it is in may be repeated. A request and an invitation that meet are an agreement.
 */
export const seatTable: Record<SeatState | 'none', Row> = {
  none: anew,
  requested: {
    requested: 'requested',
    invited: 'accepted',
    admitted: 'accepted',
    rejected: 'declined',
    removed: 'removed',
    left: 'left',
  },
  invited: {
    requested: 'accepted',
    invited: 'invited',
    accepted: 'accepted',
    declined: 'declined',
    removed: 'removed',
    left: 'left',
  },
  accepted: {
    requested: 'accepted',
    invited: 'accepted',
    admitted: 'accepted',
    accepted: 'accepted',
    cameOnStage: 'onStage',
    wentOffStage: 'accepted',
    removed: 'removed',
    left: 'left',
  },
  onStage: {
    requested: 'onStage',
    invited: 'onStage',
    admitted: 'onStage',
    accepted: 'onStage',
    cameOnStage: 'onStage',
    wentOffStage: 'accepted',
    removed: 'removed',
    left: 'left',
  },
  declined: { ...anew, rejected: 'declined', declined: 'declined' },
  removed: { ...anew, removed: 'removed' },
  left: { ...anew, left: 'left' },
};

/** Next state, or null when the event isn't allowed in this one. */
export function nextSeatState(state: SeatState | null, event: SeatEvent): SeatState | null {
  return seatTable[state ?? 'none'][event] ?? null;
}

/** States in which a seat counts against the limit of the stage. */
export const takenSeatStates: readonly SeatState[] = ['accepted', 'onStage'];
/** States in which somebody waits for somebody's word, or is on the way to the stage or on it. */
export const openSeatStates: readonly SeatState[] = ['requested', 'invited', ...takenSeatStates];
