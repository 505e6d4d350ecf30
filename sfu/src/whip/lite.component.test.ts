import { waitFor } from '../../../tests/support/waitFor.ts';
import { call, fragment, publish, refusal, sdp } from './testing/httpCalls.ts';
import { LiteClient } from './testing/LiteClient.ts';
import { WhipStand } from './testing/WhipStand.ts';
import { LiteBridge } from './ice/LiteBridge.ts';

let stand: WhipStand;
const clients: LiteClient[] = [];
beforeAll(async () => {
  stand = await WhipStand.start();
}, 30_000);
afterEach(() => {
  for (const client of clients.splice(0)) client.close();
  for (const room of stand.rooms.all) room.close('sessionEnded');
});
afterAll(() => stand.close());

async function own(coming: Promise<LiteClient>): Promise<LiteClient> {
  const client = await coming;
  clients.push(client);
  return client;
}

/** A publisher who is heard in the room. */
async function live() {
  const publisher = await own(LiteClient.publisher(stand.pool.workers[0]!.worker));
  const { streamKey, grant } = stand.allow();
  const response = await publish(stand, streamKey, publisher.offer);
  expect(response.status).toBe(201);
  const answer = await response.text();
  await publisher.accept(answer);
  const packets = async (): Promise<number> => {
    const [producer] = stand.rooms.find(grant.sessionId)?.producers ?? [];
    return (await producer?.stats())?.[0]?.packetCount ?? 0;
  };
  await waitFor('its sound', async () => (await packets()) > 20);
  return { publisher, streamKey, sessionId: grant.sessionId, answer, response, packets };
}

describe('a client that is ICE lite', () => {
  it('publishes to an end that does full ICE, also after a restart, until DELETE', async () => {
    const { publisher, streamKey, answer, response, packets } = await live();
    expect(answer).not.toContain('a=ice-lite');
    expect(answer.match(/a=candidate:/g)).toHaveLength(1);
    const path = response.headers.get('location') ?? '';
    const request = { method: 'PATCH', token: streamKey, type: fragment, ifMatch: '*' };
    const restarted = await call(stand, path, { ...request, body: await publisher.restart() });
    expect(restarted.status).toBe(200);
    expect(await restarted.text()).not.toContain('a=ice-lite');
    const before = await packets();
    await waitFor('more of it', async () => (await packets()) > before + 50);
    expect(LiteBridge.open).toBe(1);
    expect((await call(stand, path, { method: 'DELETE', token: streamKey })).status).toBe(200);
    expect(LiteBridge.open).toBe(0);
  }, 30_000);

  it('plays', async () => {
    const { sessionId } = await live();
    const player = await own(LiteClient.player(stand.pool.workers[0]!.worker));
    const request = { token: stand.token(sessionId), type: sdp, body: player.offer };
    const response = await call(stand, `/whep/${sessionId}`, request);
    expect(response.status).toBe(201);
    await player.accept(await response.text());
    // DTLS and checks come to no more than 4000 meanwhile.
    await waitFor('its sound', async () => (await player.bytesReceived) > 6_000);
  }, 30_000);

  it('is one of so many on a node; who comes then is told to come again, and leaves nothing behind', async () => {
    const { offer } = await own(LiteClient.publisher(stand.pool.workers[0]!.worker));
    const codes = new Set<number>();
    for (let count = 0; count < 50; count++) {
      codes.add((await publish(stand, stand.allow().streamKey, offer)).status);
    }
    expect([...codes]).toEqual([201]);
    const rooms = stand.rooms.all.length;
    const response = await publish(stand, stand.allow().streamKey, offer);
    expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(await refusal(response)).toMatchObject({ status: 503, code: 'overloaded' });
    expect(stand.rooms.all).toHaveLength(rooms);
    expect(LiteBridge.open).toBe(50);
    for (const room of stand.rooms.all) room.close('sessionEnded');
    expect(LiteBridge.open).toBe(0);
  }, 30_000);
});
