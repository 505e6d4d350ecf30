import { Removals } from './Removals.ts';
import { Mutes } from './Whom.ts';

const claims = {
  sessionId: 's1',
  peerId: 'p1',
  userId: 'u1',
  role: 'cohost' as const,
  iat: 1_000,
};

describe('Removals', () => {
  it('refuse the tokens from before, of that person in that session', () => {
    const removals = new Removals();
    removals.add('s1', { userId: 'u1' }, false, 1_000_500);
    expect(removals.refuses(claims)).toBe(true);
    expect(removals.refuses({ ...claims, peerId: 'p2', role: 'viewer' })).toBe(true);
    expect(removals.refuses({ ...claims, iat: 1_001 })).toBe(false);
    expect(removals.refuses({ ...claims, userId: 'u2' })).toBe(false);
    expect(removals.refuses({ ...claims, sessionId: 's2' })).toBe(false);
  });

  it('refuse the tokens from before of all sessions', () => {
    const removals = new Removals();
    removals.addEverywhere({ userId: 'u1' }, 1_000_500);
    expect(removals.refuses(claims)).toBe(true);
    expect(removals.refuses({ ...claims, sessionId: 's2', role: 'viewer' })).toBe(true);
    expect(removals.refuses({ ...claims, iat: 1_001 })).toBe(false);
    expect(removals.refuses({ ...claims, userId: 'u2' })).toBe(false);
  });

  it('leave who was taken off the stage the viewing', () => {
    const removals = new Removals();
    removals.add('s1', { peerId: 'p1' }, true, 1_000_000);
    expect(removals.refuses(claims)).toBe(true);
    expect(removals.refuses({ ...claims, role: 'viewer' })).toBe(false);
  });

  it('are about everybody when the session is over, and are forgotten with its tokens', () => {
    const removals = new Removals();
    removals.add('s1', null, false, 1_000_000);
    expect(removals.refuses(claims)).toBe(true);
    removals.add('s2', null, false, 1_700_000);
    expect(removals.refuses(claims)).toBe(false);
  });
});

describe('Mutes', () => {
  it('are of a source or of all, and last for what comes later', () => {
    const mutes = new Mutes();
    mutes.set({ userId: 'u1' }, 'microphone', true);
    expect(mutes.has(claims, 'microphone')).toBe(true);
    expect(mutes.has(claims, 'camera')).toBe(false);
    mutes.set({ userId: 'u1' }, null, true);
    expect(mutes.has(claims, 'camera')).toBe(true);
    mutes.set({ userId: 'u1' }, null, false);
    expect(mutes.has(claims, 'microphone')).toBe(false);
  });

  it('do not touch somebody else, signed in or not', () => {
    const mutes = new Mutes();
    mutes.set({ userId: 'u1' }, null, true);
    expect(mutes.has({ peerId: 'p2', userId: null }, 'camera')).toBe(false);
  });
});
