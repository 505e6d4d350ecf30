import { randomUUID } from 'node:crypto';
import { sfuMuteField, sfuMutesKey } from '@maydan/contracts';
import { TestSfu } from '../testing/TestSfu.ts';

let sfu: TestSfu;

beforeAll(async () => {
  sfu = await TestSfu.start();
});
afterAll(() => sfu?.close());

const forbidden: unknown = expect.objectContaining({ code: 'forbidden' });

it('takes a person off the stage, also with a token that was not used yet, and lets their other devices watch', async () => {
  const [sessionId, userId] = [randomUUID(), randomUUID()];
  const watching = await sfu.join({ sessionId, userId, role: 'viewer' });
  const cohost = await sfu.join({ sessionId, userId, role: 'cohost' });
  const unused = sfu.token({ sessionId, userId, role: 'cohost' });
  const viewing = sfu.token({ sessionId, userId, role: 'viewer' });
  const another = await sfu.join({ sessionId, role: 'cohost' });
  const whom = { userId, role: 'cohost' } as const;
  await sfu.command({ type: 'removePeer', sessionId, whom, reason: 'removed' });
  expect(await cohost.event('room.closed')).toEqual({ reason: 'removed' });
  expect(await watching.event('peer.left')).toEqual({ peerId: cohost.peerId, reason: 'removed' });
  const late = await sfu.connect(unused);
  await expect(late.join()).rejects.toEqual(forbidden);
  const second = await sfu.connect(viewing);
  await second.join();
  const { transportId } = await another.request('transport.create', { direction: 'send' });
  expect(transportId).toBeDefined();
});

it('mutes somebody in a room that is opened anew, as after a restart of the node', async () => {
  const grant = { sessionId: randomUUID(), peerId: randomUUID(), role: 'cohost' as const };
  const { sessionId, peerId } = grant;
  const field = sfuMuteField(peerId, 'microphone');
  await sfu.redis.hset(sfuMutesKey(sessionId), field, 'other');
  const viewer = await sfu.join({ sessionId, role: 'viewer' });
  const cohost = await sfu.join(grant);
  const producerId = await cohost.speak();
  const { producer } = await viewer.event(
    'producer.added',
    (payload) => payload.producer.producerId === producerId,
  );
  expect(producer.pausedBy).toBe('host');
  await expect(cohost.request('producer.resume', { producerId })).rejects.toEqual(forbidden);
  await sfu.command({ type: 'mutePeer', sessionId, whom: { peerId }, source: null, muted: false });
  await viewer.event('producer.changed', ({ pausedBy }) => pausedBy !== 'host');
  const other = await sfu.join({ sessionId, role: 'cohost' });
  const free = await other.speak();
  const added = await viewer.event('producer.added', (payload) => payload.producer.producerId === free);
  expect(added.producer.pausedBy).not.toBe('host');
});
