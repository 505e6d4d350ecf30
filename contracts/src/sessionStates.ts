import type { SessionState } from './sessions.ts';

/** What can happen to a session. `sourceGone` covers a closed publish and a lost relay alike. */
export type SessionEvent =
  | 'published'
  | 'ready'
  | 'sourceGone'
  | 'endRequested'
  | 'graceExpired'
  | 'finished'
  | 'failed'
  | 'neverStarted';

type Row = Partial<Record<SessionEvent, SessionState>>;

/** The one table of session states. An event that has no entry is refused in that state. */
export const sessionTable: Record<SessionState, Row> = {
  idle: { published: 'starting', endRequested: 'ended', neverStarted: 'ended', failed: 'failed' },
  starting: {
    published: 'starting',
    ready: 'live',
    sourceGone: 'interrupted',
    endRequested: 'ending',
    finished: 'ended',
    failed: 'failed',
  },
  live: {
    published: 'starting',
    ready: 'live',
    sourceGone: 'interrupted',
    endRequested: 'ending',
    finished: 'ended',
    failed: 'failed',
  },
  interrupted: {
    published: 'starting',
    sourceGone: 'interrupted',
    endRequested: 'ending',
    graceExpired: 'ending',
    finished: 'ended',
    failed: 'failed',
  },
  ending: {
    finished: 'ended',
    failed: 'failed',
    sourceGone: 'ending',
    endRequested: 'ending',
    graceExpired: 'ending',
  },
  ended: {},
  failed: {},
};

/** Next state, or null when the event isn't allowed in this state. */
export function nextState(state: SessionState, event: SessionEvent): SessionState | null {
  return sessionTable[state][event] ?? null;
}

/** States from which `event` is allowed, for `UPDATE … WHERE state IN (…)`. */
export function statesAllowing(event: SessionEvent): SessionState[] {
  return (Object.keys(sessionTable) as SessionState[]).filter(
    (state) => sessionTable[state][event] !== undefined,
  );
}

export const finalStates: readonly SessionState[] = ['ended', 'failed'];
