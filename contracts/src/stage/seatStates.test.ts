import {
  nextSeatState,
  openSeatStates,
  seatState,
  seatTable,
  takenSeatStates,
  type SeatEvent,
} from '../index.ts';

const after = (...events: SeatEvent[]) => {
  let state: ReturnType<typeof nextSeatState> = null;
  for (const event of events) state = nextSeatState(state, event);
  return state;
};

describe('seat table', () => {
  it('takes a viewer from the request to the stage and off it', () => {
    expect(after('requested')).toBe('requested');
    expect(after('requested', 'admitted')).toBe('accepted');
    expect(after('requested', 'admitted', 'cameOnStage')).toBe('onStage');
    expect(after('requested', 'admitted', 'cameOnStage', 'left')).toBe('left');
    expect(after('requested', 'rejected')).toBe('declined');
    expect(after('requested', 'left')).toBe('left');
  });

  it('takes an invitation, and keeps the seat of somebody whose connection is lost', () => {
    expect(after('invited', 'accepted', 'cameOnStage', 'wentOffStage')).toBe('accepted');
    expect(after('invited', 'accepted', 'cameOnStage', 'wentOffStage', 'cameOnStage')).toBe('onStage');
    expect(after('invited', 'declined')).toBe('declined');
    expect(after('invited', 'removed')).toBe('removed');
  });

  it('agrees when request and invitation meet', () => {
    expect(after('requested', 'invited')).toBe('accepted');
    expect(after('invited', 'requested')).toBe('accepted');
  });

  it('lets nobody on stage by the wrong word', () => {
    expect(nextSeatState(null, 'admitted')).toBeNull();
    expect(nextSeatState('requested', 'accepted')).toBeNull();
    expect(nextSeatState('invited', 'admitted')).toBeNull();
    for (const state of [null, ...seatState.options]) {
      const isTaken = state !== null && takenSeatStates.includes(state);
      expect([state, nextSeatState(state, 'cameOnStage') === 'onStage']).toEqual([state, isTaken]);
    }
  });

  it('lets everybody who is in leave and be removed, and begin anew', () => {
    for (const state of seatState.options) {
      const ended = !openSeatStates.includes(state);
      expect([state, nextSeatState(state, 'requested')]).toEqual([
        state,
        ended || state === 'requested' ? 'requested' : state === 'onStage' ? 'onStage' : 'accepted',
      ]);
      if (!ended)
        expect([nextSeatState(state, 'left'), nextSeatState(state, 'removed')]).toEqual(['left', 'removed']);
    }
  });

  it('changes nothing when an event comes twice', () => {
    for (const [state, row] of Object.entries(seatTable)) {
      for (const [event, next] of Object.entries(row)) {
        const again = seatTable[next][event as SeatEvent];
        const agreed = ['none', 'declined', 'removed', 'left'].includes(state);
        expect([state, event, again]).toEqual([
          state,
          event,
          agreed ? next : again === undefined ? undefined : next,
        ]);
      }
    }
  });
});
