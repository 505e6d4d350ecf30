import type { PeerInfo, ProducerInfo, SignalingOutput } from '@maydan/contracts';
import { signalingEvents } from '@maydan/contracts';
import { parseMessage } from './SignalingSocket.ts';
import { initialStage, reduceStage } from './stageState.ts';
import type { StageEvent, StageState } from './stageState.ts';
import type { SignalingMessage } from './signalled.ts';

const me = '00000000-0000-4000-8000-000000000001';
const other = '00000000-0000-4000-8000-000000000002';
const third = '00000000-0000-4000-8000-000000000003';

const peer = (peerId: string): PeerInfo => ({ peerId, userId: null, displayName: 'N', role: 'cohost' });
const producer = (producerId: string, peerId: string, change: Partial<ProducerInfo> = {}): ProducerInfo => ({
  producerId,
  peerId,
  kind: 'audio',
  source: 'microphone',
  pausedBy: null,
  codec: 'audio/opus',
  ...change,
});
const room = (change: Partial<SignalingOutput<'room.join'>> = {}): StageEvent => ({
  type: 'joined',
  room: {
    peerId: me,
    role: 'host',
    resumed: false,
    rtpCapabilities: {},
    peers: [peer(me), peer(other)],
    producers: [producer('p-me', me), producer('p-other', other)],
    speaker: null,
    levels: [],
    network: [],
    ...change,
  },
});
const event = (message: SignalingMessage): StageEvent => ({ type: 'signalled', message });
const after = (...events: StageEvent[]): StageState => events.reduce(reduceStage, initialStage);

describe('reduceStage', () => {
  it('shows the others after a join, and never oneself among them', () => {
    const state = after({ type: 'opened' }, room());
    expect(state.connection).toBe('connected');
    expect(state.peers).toEqual([peer(other)]);
    expect(state.producers.map(({ producerId }) => producerId)).toEqual(['p-other']);
    const told = reduceStage(state, event({ event: 'peer.joined', payload: { peer: peer(me) } }));
    expect(told.peers).toEqual([peer(other)]);
  });

  it('keeps what is on screen over a short loss that is resumed', () => {
    const before = after(
      { type: 'opened' },
      { type: 'wanted', source: 'camera', muted: false },
      room(),
      { type: 'produced', source: 'camera', producerId: 'p-me', mutedByHost: false },
      { type: 'consumed', producerId: 'p-other', consumerId: 'c1' },
      { type: 'iceChanged', direction: 'receive', state: 'connected' },
    );
    const lost = reduceStage(before, { type: 'lost' });
    expect(lost.connection).toBe('reconnecting');
    expect(lost.peers).toEqual(before.peers);
    const resumed = reduceStage(lost, room({ resumed: true }));
    expect(resumed.received).toEqual({ 'p-other': { consumerId: 'c1', layers: null } });
    expect(resumed.own.camera?.producerId).toBe('p-me');
    expect(resumed.ice.receive).toBe('connected');
  });

  it('forgets consumers and producers, but not what is wanted, when it joins as a new peer', () => {
    const state = after(
      { type: 'opened' },
      { type: 'wanted', source: 'microphone', muted: true },
      room(),
      { type: 'produced', source: 'microphone', producerId: 'p-me', mutedByHost: false },
      { type: 'consumed', producerId: 'p-other', consumerId: 'c1' },
      { type: 'lost' },
      room({ peerId: third }),
    );
    expect(state.received).toEqual({});
    expect(state.own).toEqual({ microphone: { producerId: null, muted: true, mutedByHost: false } });
  });

  it('tells the host’s mute apart from one’s own', () => {
    const state = after({ type: 'opened' }, { type: 'wanted', source: 'microphone', muted: false }, room(), {
      type: 'produced',
      source: 'microphone',
      producerId: 'p-me',
      mutedByHost: false,
    });
    const changed = (pausedBy: 'owner' | 'host' | null): StageEvent =>
      event({ event: 'producer.changed', payload: { producerId: 'p-me', pausedBy } });
    expect(reduceStage(state, changed('host')).own.microphone?.mutedByHost).toBe(true);
    expect(reduceStage(state, changed('owner')).own.microphone?.mutedByHost).toBe(false);
    const allowed = reduceStage(reduceStage(state, changed('host')), changed(null));
    expect(allowed.own.microphone).toEqual({ producerId: 'p-me', muted: false, mutedByHost: false });
  });

  it('learns on resuming that the host muted meanwhile', () => {
    const state = after(
      { type: 'opened' },
      { type: 'wanted', source: 'microphone', muted: false },
      room(),
      { type: 'produced', source: 'microphone', producerId: 'p-me', mutedByHost: false },
      { type: 'lost' },
      room({ resumed: true, producers: [producer('p-me', me, { pausedBy: 'host' })] }),
    );
    expect(state.own.microphone?.mutedByHost).toBe(true);
  });

  it('knows from the beginning that the host had muted it before', () => {
    const own = { source: 'microphone', producerId: 'p-me' } as const;
    const wanted = { type: 'wanted', source: 'microphone', muted: false } as const;
    const state = after({ type: 'opened' }, wanted, room(), { type: 'produced', ...own, mutedByHost: true });
    expect(state.own.microphone).toEqual({ producerId: 'p-me', muted: false, mutedByHost: true });
  });

  it('learns on joining who speaks, how loudly, and how well everybody is connected', () => {
    const network = [{ peerId: other, sending: 9, receiving: null }];
    const told = { speaker: other, levels: [{ peerId: other, dBov: -20 }], network };
    const state = after({ type: 'opened' }, room(told));
    expect(state).toMatchObject({ speaker: other, levels: { [other]: -20 } });
    expect(state.network).toEqual({ [other]: { sending: 9, receiving: null } });
    const later = reduceStage(reduceStage(state, { type: 'lost' }), room({ resumed: true }));
    expect(later).toMatchObject({ speaker: null, levels: {}, network: {} });
  });

  it('removes everything of who leaves', () => {
    const state = after(
      { type: 'opened' },
      room(),
      event({ event: 'speaker.changed', payload: { peerId: other } }),
      event({ event: 'speaker.levels', payload: { levels: [{ peerId: other, dBov: -20 }] } }),
      event({ event: 'peer.network', payload: { peerId: other, sending: 9, receiving: null } }),
      event({ event: 'peer.left', payload: { peerId: other, reason: 'left' } }),
    );
    expect(state).toMatchObject({ peers: [], producers: [], speaker: null, levels: {}, network: {} });
  });

  it('notes which layers come, by producer', () => {
    const layers = {
      event: 'consumer.layers',
      payload: { consumerId: 'c1', spatial: 2, temporal: 1 },
    } as const;
    const state = after(
      { type: 'opened' },
      room(),
      { type: 'consumed', producerId: 'p-other', consumerId: 'c1' },
      event(layers),
    );
    expect(state.received['p-other']?.layers).toEqual({ spatial: 2, temporal: 1 });
  });

  it('takes events about what is gone calmly, and announces a producer once', () => {
    const joined = after({ type: 'opened' }, room());
    const again = event({ event: 'producer.added', payload: { producer: producer('p-other', other) } });
    const gone = event({ event: 'producer.removed', payload: { producerId: 'nothing', peerId: other } });
    const state = [again, gone].reduce(reduceStage, joined);
    expect(state.producers).toHaveLength(1);
  });

  it('stays closed, with the reason', () => {
    const state = after({ type: 'opened' }, room(), { type: 'closed', reason: 'banned' }, room());
    expect(state).toMatchObject({ connection: 'closed', closeReason: 'banned', peers: [] });
  });

  it('does nothing at a loss before the first join', () => {
    expect(after({ type: 'opened' }, { type: 'lost' }).connection).toBe('connecting');
  });
});

describe('parseMessage', () => {
  it('knows every event of the contract, and drops what does not fit', () => {
    expect(parseMessage('speaker.changed', { peerId: null })).toEqual({
      event: 'speaker.changed',
      payload: { peerId: null },
    });
    expect(parseMessage('speaker.changed', { peerId: 7 })).toBeNull();
    expect(parseMessage('toString', {})).toBeNull();
    expect(parseMessage('alive', {})).toBeNull();
    expect(Object.keys(signalingEvents)).toContain('room.closed');
  });
});
