import { randomUUID } from 'node:crypto';
import { sfuRemovalsKey } from '@maydan/contracts';
import type { SfuCommand } from '@maydan/contracts';
import { MeshStand, tokenOf } from '../mesh/testing/MeshStand.ts';
import { TestClient } from '../testing/TestClient.ts';

let stand: MeshStand;

beforeAll(async () => {
  stand = await MeshStand.start();
});
afterAll(() => stand?.close());

/** As the api says it, where no node hears it. */
const unheard = async (command: SfuCommand, atMs = Date.now()): Promise<void> =>
  void (await stand.redis.zadd(sfuRemovalsKey, atMs, JSON.stringify(command)));

it('who was sent out stays out of a node that starts afterwards, and of one that did not hear of it', async () => {
  const sessionId = randomUUID();
  const [banned, closed, over] = [randomUUID(), randomUUID(), randomUUID()];
  // From before they were sent out, and good for minutes.
  const tokens = [
    { sessionId, userId: banned },
    { sessionId, userId: closed },
    { sessionId: over, userId: randomUUID() },
  ].map((grant) => tokenOf({ role: 'viewer', ...grant }));
  await unheard({ type: 'removePeer', sessionId, whom: { userId: banned }, reason: 'banned' });
  await unheard({ type: 'removeUser', userId: closed, reason: 'banned' });
  await unheard({ type: 'closeRoom', sessionId: over, reason: 'sessionEnded' });
  const node = await stand.node('a');
  const joinWith = async (token: string): Promise<TestClient> => {
    const client = new TestClient(node.url, token);
    stand.own(() => client.close());
    await client.connected();
    await client.join();
    return client;
  };
  const join = (grant: { sessionId: string; userId: string }) =>
    joinWith(tokenOf({ role: 'viewer', ...grant }));
  const refused = expect.objectContaining({ code: 'forbidden' });
  for (const token of tokens) await expect(joinWith(token)).rejects.toEqual(refused);
  const userId = randomUUID();
  const client = await join({ sessionId, userId });
  const another = await join({ sessionId, userId: randomUUID() });
  // Of before somebody was let in again; and what is said while the node's line is cut.
  await unheard({ type: 'removePeer', sessionId, whom: { userId }, reason: 'banned' }, Date.now() - 60_000);
  const whom = { userId: randomUUID() };
  const late = await join({ sessionId, ...whom });
  await unheard({ type: 'removePeer', sessionId, whom, reason: 'banned' }, Date.now() + 120_000);
  await stand.redis.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
  expect(await late.event('room.closed')).toEqual({ reason: 'banned' });
  await expect(join({ sessionId, ...whom })).rejects.toEqual(refused);
  expect([...client.all('room.closed'), ...another.all('room.closed')]).toEqual([]);
});
