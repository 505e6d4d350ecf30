import { randomUUID } from 'node:crypto';
import type { MeshRoomState } from '@maydan/contracts';
import { KnownStates } from './KnownStates.ts';
import { mergeStates } from './mergeStates.ts';

const sessionId = randomUUID();
const runs = new Map<string, string>();
const runOf = (nodeId: string): string =>
  runs.get(nodeId) ?? runs.set(nodeId, randomUUID()).get(nodeId) ?? '';

const peer = (peerId: string, joinedAtMs: number): MeshRoomState['peers'][number] => ({
  ...{ peerId, joinedAtMs, userId: null, displayName: peerId, role: 'cohost' },
});
const producer = (producerId: string, peerId: string): MeshRoomState['producers'][number] => ({
  ...{ producerId, peerId, kind: 'audio', source: 'microphone', pausedBy: null, codec: 'audio/opus' },
  ...{ ownerPaused: false, hostPaused: false, encodings: [], size: null, tellsLevel: true },
});
const state = (nodeId: string, revision: number, parts: Partial<MeshRoomState> = {}): MeshRoomState => ({
  ...{ sessionId, sessionType: 'video', nodeId, runId: runOf(nodeId), revision },
  ...{ internalUrl: `http://${nodeId}:8082`, audience: 0, closed: false },
  ...{ peers: [], left: [], producers: [], mutes: [], swept: [] },
  ...parts,
});
const nobody = new Map<string, number>();

describe('what several nodes tell', () => {
  it('becomes one stage', () => {
    const b = state('b', 1, { peers: [peer('x', 1)], producers: [producer('p', 'x')], audience: 2 });
    const c = state('c', 1, { peers: [peer('y', 1)], audience: 3 });
    const merged = mergeStates([b, c], new Map([['z', 1]]), 'a');
    expect([...merged.peers.keys()]).toEqual(['x', 'y']);
    expect([...merged.producers].map(([id, { by }]) => [id, by.nodeId])).toEqual([['p', 'b']]);
    expect([merged.audience, merged.takenOver]).toEqual([5, []]);
  });

  it('has somebody where they joined last, with what they send there', () => {
    const b = state('b', 1, { peers: [peer('x', 10)], producers: [producer('old', 'x')] });
    const c = state('c', 1, { peers: [peer('x', 20)], producers: [producer('new', 'x')] });
    for (const states of [
      [b, c],
      [c, b],
    ]) {
      const merged = mergeStates(states, nobody, 'a');
      expect([...merged.producers.keys()]).toEqual(['new']);
      expect([...merged.peers.keys()]).toEqual(['x']);
    }
  });

  it('lets the newer of a peer here and there win, and all nodes agree on a tie', () => {
    const there = (joinedAtMs: number) => [state('b', 1, { peers: [peer('x', joinedAtMs)] })];
    expect(mergeStates(there(20), new Map([['x', 10]]), 'a').takenOver).toEqual(['x']);
    expect(mergeStates(there(10), new Map([['x', 20]]), 'a')).toMatchObject({
      takenOver: [],
      peers: new Map(),
    });
    expect(mergeStates(there(10), new Map([['x', 10]]), 'a').takenOver).toEqual(['x']);
    expect(mergeStates(there(10), new Map([['x', 10]]), 'c').takenOver).toEqual([]);
  });
});

describe('words of a node', () => {
  it('count once, in order, and never when they are its own', () => {
    const known = new KnownStates('a');
    expect(known.hear(state('a', 1), 0)).toBe(false);
    expect(known.hear(state('b', 5), 0)).toBe(true);
    expect(known.hear(state('b', 5), 0)).toBe(false);
    expect(known.hear(state('b', 4, { closed: true }), 0)).toBe(false);
    expect(known.all.map(({ revision }) => revision)).toEqual([5]);
  });

  it('of a new run replace those of the one before, whose end changes nothing', () => {
    const known = new KnownStates('a');
    known.hear(state('b', 90), 0);
    const runId = randomUUID();
    expect(known.hear(state('b', 0, { runId }), 0)).toBe(true);
    expect(known.hear(state('b', 91, { closed: true }), 0)).toBe(false);
    expect(known.get('b')?.runId).toBe(runId);
  });

  it('say why somebody went, also when the room was closed with them', () => {
    const known = new KnownStates('a');
    known.hear(state('b', 1, { peers: [peer('x', 1)] }), 0);
    expect(known.hear(state('b', 2, { closed: true, left: [{ peerId: 'x', reason: 'banned' }] }), 0)).toBe(
      true,
    );
    expect([known.all, known.reasonOf('x'), known.reasonOf('y')]).toEqual([[], 'banned', 'lost']);
  });

  it('are over when its key is missing, but not for what was heard since', () => {
    const known = new KnownStates('a');
    known.hear(state('b', 1), 100);
    expect(known.missing('b', 100)).toBe(false);
    expect(known.missing('b', 101)).toBe(true);
    expect(known.missing('b', 102)).toBe(false);
    expect(known.hear(state('b', 1), 103)).toBe(true);
  });

  it('are not believed after it was found dead, until it says something new', () => {
    const known = new KnownStates('a');
    known.hear(state('b', 7), 0);
    expect(known.bury('b', randomUUID())).toBe(false);
    expect(known.bury('b', runOf('b'))).toBe(true);
    expect(known.hear(state('b', 7), 0)).toBe(false);
    expect(known.hear(state('b', 8), 0)).toBe(true);
  });
});
