import { randomUUID } from 'node:crypto';
import { ViewerBeats } from '@maydan/common';
import { RtcLink } from '../../../tests/bench/sfu/RtcLink.ts';
import { waitFor } from '../../../tests/support/waitFor.ts';
import type { ClientProcess } from '../../../tests/support/whip/ClientProcess.ts';
import { startAiortcPlayer } from '../../../tests/support/whip/clients.ts';
import { RtpSource } from '../testing/RtpSource.ts';
import type { TestClient } from '../testing/TestClient.ts';
import { TestSfu } from '../testing/TestSfu.ts';

let sfu: TestSfu;
let beats: ViewerBeats;
const links: RtcLink[] = [];
const players: ClientProcess[] = [];
beforeAll(async () => {
  sfu = await TestSfu.start();
  beats = new ViewerBeats(sfu.redis);
}, 60_000);
afterAll(async () => {
  for (const link of links) link.close();
  await Promise.all(players.map((player) => player.kill()));
  await sfu?.close();
}, 30_000);

/** A session that an encoder sends to. */
async function onAir(): Promise<{ sessionId: string; source: RtpSource }> {
  const sessionId = randomUUID();
  const source = await RtpSource.start(await sfu.join({ sessionId, role: 'ingress' }));
  return { sessionId, source };
}
const watching = async (sessionId: string): Promise<string[]> =>
  (await sfu.redis.zrange(`maydan:viewing:${sessionId}:now`, '0', '-1')).sort();
const watchMs = async (sessionId: string): Promise<number> =>
  Number(await sfu.redis.hget(`maydan:viewing:${sessionId}`, 'watchMs'));
const until = (what: string, sessionId: string, viewers: string[], timeoutMs: number) =>
  waitFor(what, async () => (await watching(sessionId)).join() === viewers.join(), { timeoutMs });

async function playByWhep(sessionId: string, viewer: string): Promise<ClientProcess> {
  const token = sfu.token({ sessionId, role: 'viewer', viewer });
  const player = await startAiortcPlayer(`${sfu.url}/whep/${sessionId}`, token);
  players.push(player);
  await waitFor('the player', () => player.last('state') === 'connected');
  return player;
}

/** As mediasoup-client does: signaling, and a connection over ICE and DTLS. */
async function watchInRoom(
  sessionId: string,
  viewer?: string,
): Promise<{ client: TestClient; link: RtcLink }> {
  const client = await sfu.join({ sessionId, role: 'viewer', ...(viewer === undefined ? {} : { viewer }) });
  const router = sfu.running.rooms.find(sessionId)?.router;
  if (router === undefined) throw new Error('the room is not there');
  const link = await RtcLink.connect(
    router,
    {
      transport: (direction) => client.request('transport.create', { direction }),
      connect: (transportId, dtlsParameters) =>
        client.request('transport.connect', { transportId, dtlsParameters }),
    },
    'receive',
  );
  links.push(link);
  return { client, link };
}

it('counts who is connected by WHEP or in the room, each person once, until their last player is gone', async () => {
  const { sessionId, source } = await onAir();
  try {
    // Somebody vanishes without a word.
    const lost = await watchInRoom(sessionId, 'lost');
    await until('who is in the room', sessionId, ['lost'], 5_000);
    links.splice(links.indexOf(lost.link), 1);
    lost.link.close();
    const lostAtMs = performance.now();
    await sfu.join({ sessionId, role: 'viewer', viewer: 'never connected' });
    await watchInRoom(sessionId);
    const player = await playByWhep(sessionId, 'ann');
    await until('the WHEP player', sessionId, ['ann', 'lost'], 5_000);
    const annsAtMs = performance.now();
    await watchInRoom(sessionId, 'ann');
    const bob = await watchInRoom(sessionId, 'bob');
    await until('another person', sessionId, ['ann', 'bob', 'lost'], 5_000);
    // A page of hers plays HLS, and is closed: she is there still.
    await beats.beat(sessionId, ['ann', 'page']);
    for (const viewer of ['ann', 'page']) await beats.end(sessionId, viewer);
    await player.stop();
    expect(await watching(sessionId)).toEqual(['ann', 'bob', 'lost']);
    await bob.client.request('room.leave', {});
    await until('the others', sessionId, ['ann', 'lost'], 3_000);
    await until('her alone', sessionId, ['ann'], 25_000);
    expect(performance.now() - lostAtMs).toBeLessThan(25_000);
    // A process that is killed takes ten seconds of a viewer with it at most.
    const watchedMs = (): number => performance.now() - annsAtMs;
    await waitFor('her time', async () => (await watchMs(sessionId)) >= watchedMs() - 10_500);
    await watchInRoom(sessionId, 'carl');
    await until('somebody else', sessionId, ['ann', 'carl'], 5_000);
    // Her page goes on, whatever becomes of her connection.
    await beats.beat(sessionId, ['ann']);
    await sfu.command({ type: 'closeRoom', sessionId, reason: 'sessionEnded' });
    await until('her page', sessionId, ['ann'], 3_000);
  } finally {
    await source.close();
  }
}, 90_000);

it('counts nobody whom the api has dismissed, and only those admitted to a private session', async () => {
  const { sessionId, source } = await onAir();
  try {
    const key = `maydan:viewing:${sessionId}`;
    await sfu.redis.sadd(`${key}:admitted`, 'let in', 'banned');
    await sfu.redis.sadd(`${key}:dismissed`, 'banned');
    for (const viewer of ['stranger', 'banned', 'let in']) await watchInRoom(sessionId, viewer);
    await until('who was let in', sessionId, ['let in'], 5_000);
  } finally {
    await source.close();
  }
}, 60_000);
