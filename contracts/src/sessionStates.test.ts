import { finalStates, nextState, sessionState, sessionTable, statesAllowing } from './index.ts';

describe('session state table', () => {
  it('takes an ordinary session from idle to ended', () => {
    const events = [
      'published',
      'ready',
      'sourceGone',
      'published',
      'ready',
      'endRequested',
      'finished',
    ] as const;
    let state = sessionState.parse('idle');
    const seen = events.map((event) => (state = nextState(state, event) ?? 'failed'));
    expect(seen).toEqual(['starting', 'live', 'interrupted', 'starting', 'live', 'ending', 'ended']);
  });

  it('lets every state that is not final reach a final one', () => {
    for (const state of sessionState.options) {
      const reachable = new Set<string>(Object.values(sessionTable[state]));
      const ends = finalStates.includes(state)
        ? reachable.size === 0
        : reachable.has('ended') && reachable.has('failed');
      expect([state, ends]).toEqual([state, true]);
    }
  });

  it('refuses a publish once the session is ending', () => {
    expect(nextState('ending', 'published')).toBeNull();
    expect(nextState('ended', 'published')).toBeNull();
    expect(statesAllowing('published')).toEqual(['idle', 'starting', 'live', 'interrupted']);
  });
});
