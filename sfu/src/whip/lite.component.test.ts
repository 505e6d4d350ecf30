import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { waitFor } from '../../../tests/support/waitFor.ts';
import { call, fragment, publish, refusal, sdp } from './testing/httpCalls.ts';
import { LiteClient } from './testing/LiteClient.ts';
import { WhipStand } from './testing/WhipStand.ts';
import { LiteBridge } from './ice/LiteBridge.ts';

const run = promisify(execFile);
const main = fileURLToPath(new URL('./testing/liteMain.ts', import.meta.url));
let stand: WhipStand;
const clients: LiteClient[] = [];
beforeAll(async () => {
  stand = await WhipStand.start();
});
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

async function packetsOf(where: WhipStand, sessionId: string, kind: 'audio' | 'video'): Promise<number> {
  const producer = where.rooms.find(sessionId)?.producers.find((one) => one.kind === kind);
  return (await producer?.stats())?.[0]?.packetCount ?? 0;
}

/** A publisher who is heard in the room. */
async function live() {
  const publisher = await own(LiteClient.publisher(stand.pool.workers[0]!.worker));
  const { streamKey, grant } = stand.allow();
  const response = await publish(stand, streamKey, publisher.offer);
  expect(response.status).toBe(201);
  const answer = await response.text();
  await publisher.accept(answer);
  const packets = (): Promise<number> => packetsOf(stand, grant.sessionId, 'audio');
  await waitFor('its sound', async () => (await packets()) > 20);
  const { sessionId, userId } = grant;
  return { publisher, streamKey, sessionId, userId, answer, response, packets };
}

describe('a client that is ICE lite', () => {
  it('publishes and plays pictures too, in whichever Worker its room is', async () => {
    const two = await WhipStand.start({ workers: 2 });
    try {
      const [first, second] = two.pool.workers;
      const kinds = ['audio', 'video'] as const;
      // What the client itself has there makes the first one the fuller.
      const publisher = await own(LiteClient.publisher(first!.worker, { kinds }));
      expect(second!.counts.transports).toBe(0);
      const { streamKey, grant } = two.allow();
      const published = await publish(two, streamKey, publisher.offer);
      expect(published.status).toBe(201);
      expect(second!.counts.transports).toBeGreaterThan(0);
      await publisher.accept(await published.text());
      for (const kind of kinds)
        await waitFor(`its ${kind}`, async () => (await packetsOf(two, grant.sessionId, kind)) > 20);
      const player = await own(LiteClient.player(first!.worker, { kinds }));
      const request = { token: two.token(grant.sessionId), type: sdp, body: player.offer };
      const played = await call(two, `/whep/${grant.sessionId}`, request);
      expect(played.status).toBe(201);
      await player.accept(await played.text());
      // Pictures make it in 4 s; all that comes besides would be less than that when the wait is over.
      await waitFor('its picture', async () => (await player.bytesReceived) > 200_000, { timeoutMs: 60_000 });
    } finally {
      await two.close();
    }
  }, 120_000);

  it('is met at an address of IPv6 where the node listens there, from a port of the range', async () => {
    const namespace = `lite-${process.pid}`;
    await run('ip', ['netns', 'add', namespace]);
    try {
      await run('ip', ['-n', namespace, 'link', 'set', 'lo', 'up']);
      const where = ['--address', '::1', '--firstPort', '20000', '--lastPort', '20019'];
      const inside = ['netns', 'exec', namespace, process.execPath, main, ...where];
      const { stdout } = await run('ip', inside, { timeout: 100_000 });
      const [answered, then] = stdout.split('\n', 2).map((line) => JSON.parse(line) as object);
      const candidate = expect.stringMatching(/ udp \d+ ::1 200[01]\d typ host/);
      expect(answered).toEqual({ status: 201, candidates: [candidate] });
      expect(then).toEqual({ heard: true });
    } finally {
      await run('ip', ['netns', 'del', namespace]);
    }
  }, 120_000);

  it('is told so when it is where this node does not listen', async () => {
    const { offer } = await own(LiteClient.publisher(stand.pool.workers[0]!.worker));
    const body = offer.replace(/(2122260223) \S+/g, '$1 2001:db8::7');
    const response = await publish(stand, stand.allow().streamKey, body);
    const problem = await refusal(response);
    expect(problem).toMatchObject({ status: 422, code: 'validation_failed' });
    expect(JSON.stringify(problem)).toContain('IPv6 alone');
    expect(stand.rooms.all).toEqual([]);
  });

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
  });

  it('keeps its media when it never does the restarts that it asked for, and then does one', async () => {
    const { publisher, streamKey, response, packets } = await live();
    const path = response.headers.get('location') ?? '';
    const request = { method: 'PATCH', token: streamKey, type: fragment, ifMatch: '*' };
    for (const nth of [1, 2, 3]) {
      const body = `a=ice-ufrag:never${nth}\r\na=ice-pwd:${'never'.repeat(5)}\r\n`;
      expect((await call(stand, path, { ...request, body })).status).toBe(200);
      const before = await packets();
      await waitFor('more of it', async () => (await packets()) > before + 30);
    }
    expect((await call(stand, path, { ...request, body: await publisher.restart() })).status).toBe(200);
    const before = await packets();
    await waitFor('more of it', async () => (await packets()) > before + 50);
  });

  it("is refused with credentials of no length that ICE knows, or at an address that is nobody's", async () => {
    const { publisher, streamKey, response, packets } = await live();
    const path = response.headers.get('location') ?? '';
    const endless = `a=ice-ufrag:${'x'.repeat(65_000)}\r\na=ice-pwd:${'p'.repeat(22)}\r\n`;
    const request = { method: 'PATCH', token: streamKey, type: fragment, ifMatch: '*', body: endless };
    expect(await refusal(await call(stand, path, request))).toMatchObject({ status: 422 });
    for (const ip of ['0.0.0.0', '0.1.2.3', '224.0.0.1', '239.255.255.250', '240.0.0.1', '255.255.255.255']) {
      const offer = publisher.offer.replace(/(2122260223) \S+/g, `$1 ${ip}`);
      expect(await refusal(await publish(stand, stand.allow().streamKey, offer))).toMatchObject({
        status: 422,
      });
    }
    const before = await packets();
    await waitFor('more of it', async () => (await packets()) > before + 10);
    expect(LiteBridge.open).toBe(1);
  });

  it('is refused at addresses of the node itself and its link, when the node tells clients of others', async () => {
    const { offer } = await own(LiteClient.publisher(stand.pool.workers[0]!.worker));
    const elsewhere = await WhipStand.start({ announcedAddress: '192.0.2.7' });
    try {
      for (const ip of ['127.0.0.1', '127.8.8.8', '169.254.169.254']) {
        const body = offer.replace(/(2122260223) \S+/g, `$1 ${ip}`);
        const response = await publish(elsewhere, elsewhere.allow().streamKey, body);
        expect(await refusal(response)).toMatchObject({ status: 422, code: 'validation_failed' });
      }
      expect(elsewhere.rooms.all).toEqual([]);
      const body = offer.replace(/(2122260223) \S+/g, '$1 192.0.2.8');
      expect((await publish(elsewhere, elsewhere.allow().streamKey, body)).status).toBe(201);
    } finally {
      await elsewhere.close();
    }
  });

  it('plays', async () => {
    const { sessionId } = await live();
    const player = await own(LiteClient.player(stand.pool.workers[0]!.worker));
    const request = { token: stand.token(sessionId), type: sdp, body: player.offer };
    const response = await call(stand, `/whep/${sessionId}`, request);
    expect(response.status).toBe(201);
    await player.accept(await response.text());
    // DTLS and checks come to no more than 4000 meanwhile.
    await waitFor('its sound', async () => (await player.bytesReceived) > 6_000);
  });

  it('is cut off in mid-stream by a ban, as publisher and as player: PATCH finds nothing', async () => {
    const { streamKey, sessionId, userId, response, packets } = await live();
    const player = await own(LiteClient.player(stand.pool.workers[0]!.worker));
    const viewerId = randomUUID();
    const token = stand.token(sessionId, { userId: viewerId });
    const played = await call(stand, `/whep/${sessionId}`, { token, type: sdp, body: player.offer });
    await player.accept(await played.text());
    await waitFor('its sound', async () => (await player.bytesReceived) > 6_000);
    const patched = (there: Response, bearer: string): Promise<Response> => {
      const body = `a=ice-ufrag:anew\r\na=ice-pwd:${'anew'.repeat(6)}\r\n`;
      const request = { method: 'PATCH', token: bearer, type: fragment, ifMatch: '*', body };
      return call(stand, there.headers.get('location') ?? '', request);
    };
    await stand.rooms.obey({ type: 'removeUser', userId: viewerId, reason: 'banned' });
    expect(await refusal(await patched(played, token))).toMatchObject({ status: 404, code: 'not_found' });
    expect(LiteBridge.open).toBe(1);
    const before = await packets();
    await waitFor('more of the publisher', async () => (await packets()) > before + 10);
    await stand.rooms.obey({ type: 'removeUser', userId, reason: 'banned' });
    expect(await refusal(await patched(response, streamKey))).toMatchObject({ status: 404 });
    expect(LiteBridge.open).toBe(0);
    expect(stand.rooms.find(sessionId)).toBeUndefined();
  });

  it('is one of so many on a node; who comes then is told to come again, and leaves nothing behind', async () => {
    const { offer } = await own(LiteClient.publisher(stand.pool.workers[0]!.worker));
    const answers = async (count: number): Promise<number[]> => {
      const coming = Array.from({ length: count }, () => publish(stand, stand.allow().streamKey, offer));
      return (await Promise.all(coming)).map(({ status }) => status).toSorted((a, b) => a - b);
    };
    const all = (count: number, status: number): number[] => Array<number>(count).fill(status);
    for (let tens = 0; tens < 4; tens++) expect(await answers(10)).toEqual(all(10, 201));
    expect(await answers(15)).toEqual([...all(10, 201), ...all(5, 503)]);
    const rooms = stand.rooms.all.length;
    const response = await publish(stand, stand.allow().streamKey, offer);
    expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(await refusal(response)).toMatchObject({ status: 503, code: 'overloaded' });
    expect(stand.rooms.all).toHaveLength(rooms);
    expect(LiteBridge.open).toBe(50);
    for (const room of stand.rooms.all) room.close('sessionEnded');
    expect(LiteBridge.open).toBe(0);
  });
});
