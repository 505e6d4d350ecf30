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
});
afterAll(async () => {
  for (const link of links) link.close();
  await Promise.all(players.map((player) => player.kill()));
  await sfu?.close();
});

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
/** Sooner than who is told of no more would be forgotten: within ten seconds of their last heartbeat, which they get every ten. */
const soon = { timeoutMs: 9_500 };
const until = (what: string, sessionId: string, viewers: string[], options = {}) =>
  waitFor(what, async () => (await watching(sessionId)).join() === viewers.join(), options);

async function playByWhep(sessionId: string, viewer: string): Promise<ClientProcess> {
  const token = sfu.token({ sessionId, role: 'viewer', viewer });
  const player = await startAiortcPlayer(`${sfu.url}/whep/${sessionId}`, token);
  players.push(player);
  await waitFor('the player', () => player.last('state') === 'connected', { timeoutMs: 60_000 });
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
    await sfu.join({ sessionId, role: 'viewer', viewer: 'never connected' });
    await watchInRoom(sessionId);
    const player = await playByWhep(sessionId, 'ann');
    await until('the WHEP player', sessionId, ['ann']);
    const annsAtMs = performance.now();
    await watchInRoom(sessionId, 'ann');
    const bob = await watchInRoom(sessionId, 'bob');
    await until('another person', sessionId, ['ann', 'bob']);
    // A page of hers plays HLS, and is closed: she is there still.
    await beats.beat(sessionId, ['ann', 'page']);
    for (const viewer of ['ann', 'page']) await beats.end(sessionId, viewer);
    await player.stop();
    expect(await watching(sessionId)).toEqual(['ann', 'bob']);
    await bob.client.request('room.leave', {});
    await until('her alone', sessionId, ['ann'], soon);
    // A process that is killed takes ten seconds of a viewer with it at most.
    const watchedMs = (): number => performance.now() - annsAtMs;
    await waitFor('her time', async () => (await watchMs(sessionId)) >= watchedMs() - 10_500);
    await watchInRoom(sessionId, 'carl');
    await until('somebody else', sessionId, ['ann', 'carl']);
    // Her page goes on, whatever becomes of her connection.
    await beats.beat(sessionId, ['ann']);
    await sfu.command({ type: 'closeRoom', sessionId, reason: 'sessionEnded' });
    await until('her page', sessionId, ['ann'], soon);
  } finally {
    await source.close();
  }
});

it('counts nobody any more who vanished without a word, long before mediasoup notices', async () => {
  const sessionId = randomUUID();
  const { client, link } = await watchInRoom(sessionId, 'lost');
  await until('who is in the room', sessionId, ['lost']);
  const { transports } = sfu.running.rooms.find(sessionId)!.peers.get(client.peerId)!;
  links.splice(links.indexOf(link), 1);
  link.close();
  let isConnected = true;
  await waitFor('their end', async () => {
    // Asked before, so that what is found out in between doesn't count.
    isConnected = (await transports.heard()) !== null;
    return (await watching(sessionId)).length === 0;
  });
  expect(isConnected).toBe(true);
});

it('counts nobody whom the api has dismissed, and only those admitted to a private session', async () => {
  const { sessionId, source } = await onAir();
  try {
    const key = `maydan:viewing:${sessionId}`;
    await sfu.redis.sadd(`${key}:admitted`, 'let in', 'banned');
    await sfu.redis.sadd(`${key}:dismissed`, 'banned');
    for (const viewer of ['stranger', 'banned', 'let in']) await watchInRoom(sessionId, viewer);
    await until('who was let in', sessionId, ['let in']);
  } finally {
    await source.close();
  }
});
