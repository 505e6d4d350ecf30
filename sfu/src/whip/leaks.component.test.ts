import { waitFor } from '../../../tests/support/waitFor.ts';
import { figuresOf, hasFilesOf, holdsNothing, MB } from '../testing/leaks.ts';
import { LiteBridge } from './ice/LiteBridge.ts';
import { call, fragment, publish, sdp } from './testing/httpCalls.ts';
import { LiteClient } from './testing/LiteClient.ts';
import { offerOf } from './testing/offers.ts';
import { WhipStand } from './testing/WhipStand.ts';

let stand: WhipStand;
beforeAll(async () => {
  stand = await WhipStand.start();
}, 60_000);
afterAll(() => stand?.close());

const restart = 'a=ice-ufrag:anew\r\na=ice-pwd:anewanewanewanewanewanew\r\n';

/** A resource as it was made, and what ends it. */
interface Made {
  readonly path: string;
  readonly token: string;
  readonly answer: string;
}

async function made(coming: Promise<Response>, token: string): Promise<Made> {
  const response = await coming;
  expect(response.status).toBe(201);
  return { path: response.headers.get('location') ?? '', token, answer: await response.text() };
}

async function end({ path, token }: Made): Promise<void> {
  expect((await call(stand, path, { method: 'DELETE', token })).status).toBe(200);
}

const play = (sessionId: string, body: string): Promise<Made> => {
  const token = stand.token(sessionId);
  return made(call(stand, `/whep/${sessionId}`, { token, type: sdp, body }), token);
};

/** Full ICE that never gets through: publisher and players, one of whom restarts; who doesn't go is sent out. */
async function visit(nth: number): Promise<void> {
  const { streamKey, grant } = stand.allow();
  const publisher = await made(publish(stand, streamKey), streamKey);
  const players = [
    await play(grant.sessionId, offerOf('chromiumViewer')),
    await play(grant.sessionId, offerOf('aiortcViewer')),
  ];
  const [first] = players as [Made, Made];
  const patch = { method: 'PATCH', token: first.token, type: fragment, ifMatch: '*', body: restart };
  expect((await call(stand, first.path, patch)).status).toBe(200);
  if (nth % 2 === 0) for (const one of [...players, publisher]) await end(one);
  else stand.rooms.find(grant.sessionId)?.close('sessionEnded');
}

/** ICE lite with media: a publisher and a player, of whom one ends it, or the session is over. */
async function liteVisit(nth: number): Promise<void> {
  const { worker } = stand.pool.workers[0]!;
  const { streamKey, grant } = stand.allow();
  const clients = [await LiteClient.publisher(worker), await LiteClient.player(worker)] as const;
  const [publisher, player] = clients;
  try {
    const published = await made(publish(stand, streamKey, publisher.offer), streamKey);
    const played = await play(grant.sessionId, player.offer);
    await Promise.all([publisher.accept(published.answer), player.accept(played.answer)]);
    if (nth % 5 === 0) await waitFor('its sound', async () => (await player.bytesReceived) > 6_000, patience);
    if (nth % 2 === 0) for (const one of [played, published]) await end(one);
    else stand.rooms.find(grant.sessionId)?.close('sessionEnded');
  } finally {
    for (const client of clients) client.close();
  }
}

const patience = { timeoutMs: 45_000 };

async function visits(count: number): Promise<void> {
  for (let nth = 0; nth < count; nth++) {
    await visit(nth);
    await liteVisit(nth);
    await waitFor('empty rooms', () => stand.rooms.all.length === 0, { ...patience, everyMs: 10 });
  }
}

it('has nothing left of 100 who came by WHIP, WHEP and ICE lite: transports, ports and memory are as before', async () => {
  const { pool } = stand;
  await visits(10);
  await waitFor('nothing to be left', () => holdsNothing(pool), patience);
  const before = figuresOf(pool);
  await visits(20);
  await waitFor('nothing to be left', () => holdsNothing(pool), patience);
  expect(LiteBridge.open).toBe(0);
  await waitFor('the files of before', () => hasFilesOf(before, figuresOf(pool)), patience);
  const after = figuresOf(pool);
  // Five people in each of 20 visits; what one alone keeps of its room is more than this share of it.
  expect((after.heap - before.heap) / MB).toBeLessThan(2);
  expect((after.workerMemory - before.workerMemory) / MB).toBeLessThan(5);
}, 400_000);
