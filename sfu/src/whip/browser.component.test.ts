import { setTimeout as delay } from 'node:timers/promises';
import type { types } from 'mediasoup';
import type { Browser } from 'playwright-core';
import { launchBrowser } from '../../../tests/support/browser/launchBrowser.ts';
import { waitFor } from '../../../tests/support/waitFor.ts';
import { TcpRelay } from '../../../tests/support/whip/TcpRelay.ts';
import { UdpRelay } from '../../../tests/support/whip/UdpRelay.ts';
import { WhipPage, type PostOptions, type Posted } from '../../../tests/support/whip/whipPage.ts';
import { call, fragment } from './testing/httpCalls.ts';
import { WhipStand } from './testing/WhipStand.ts';

const graceMs = 500;
let stand: WhipStand;
let browser: Browser;
let page: WhipPage;
beforeAll(async () => {
  stand = await WhipStand.start({ graceMs });
  browser = await launchBrowser();
});
afterAll(async () => {
  await browser.close();
  await stand.close();
});
beforeEach(async () => {
  page = await openPage();
});
afterEach(async () => {
  await page.page.close();
  for (const room of stand.rooms.all) room.close('sessionEnded');
});

/** A page of another origin than the sfu's: what it sees of the answers, CORS lets it see. */
async function openPage(): Promise<WhipPage> {
  const opened = await browser.newPage();
  await opened.goto(stand.url.replace('127.0.0.1', 'localhost'));
  return new WhipPage(opened);
}

interface Live {
  readonly published: Posted;
  readonly streamKey: string;
  readonly sessionId: string;
}

async function publish(options: Partial<PostOptions> = {}, at = stand): Promise<Live> {
  const { streamKey, grant } = at.allow();
  const published = await page.publish('host', { url: `${at.url}/whip`, token: streamKey, ...options });
  expect(published.status).toBe(201);
  return { published, streamKey, sessionId: grant.sessionId };
}

async function play(
  sessionId: string,
  options: Partial<PostOptions> = {},
  at = stand,
): Promise<Posted & { token: string }> {
  const token = at.token(sessionId);
  const played = await page.play('viewer', { url: `${at.url}/whep/${sessionId}`, token, ...options });
  expect(played.status).toBe(201);
  return { ...played, token };
}

/** Waits for picture and sound that go on: `more` frames from now. */
async function waitUntilPlayed(more = 10): Promise<void> {
  const before = await page.received('viewer');
  await waitFor('picture and sound', async () => {
    const { frames, audioEnergy, pictures } = await page.received('viewer');
    // A new stream of another source counts from 0.
    const isMore = frames >= before.frames ? frames - before.frames >= more : frames >= more;
    return isMore && audioEnergy !== before.audioEnergy && audioEnergy > 0 && pictures > 3;
  });
}

/** Before the one port of the stand's Worker. */
async function relayToMedia(): Promise<UdpRelay> {
  const [worker] = stand.pool.workers;
  const [socket] = (await worker?.webRtcServer.dump())?.udpSockets ?? [];
  return UdpRelay.start(socket?.port ?? 0);
}

async function waitUntilLost(name: string): Promise<void> {
  await waitFor('the end of the connection', async () => (await page.state(name)) !== 'connected');
}

describe('Chromium with hand-written WHIP and WHEP', () => {
  it.each(['VP8', 'H264', 'VP9', 'AV1'])(
    'publishes and plays %s with Opus, until DELETE',
    async (videoCodec) => {
      const { published, streamKey, sessionId } = await publish({ videoCodec });
      expect(published.contentType).toBe('application/sdp; charset=utf-8');
      expect(published.location).toMatch(/\/whip\/sessions\/[\w-]{32}$/);
      expect(published.etag).toMatch(/^"[\w-]{16}"$/);
      const played = await play(sessionId);
      await waitUntilPlayed();
      for (const { body } of [published, played]) expect(body).toMatch(/a=fmtp:\d+ \S*\buseinbandfec=1\b/);
      expect((await page.received('viewer')).videoCodec).toBe(`video/${videoCodec}`);
      const room = stand.rooms.find(sessionId);
      expect(room?.stage.map(({ role }) => role)).toEqual(['host']);
      expect(room?.producers.map(({ source }) => source).toSorted()).toEqual(['camera', 'microphone']);
      await page.delete(played.location, played.token);
      expect(room?.peers.size).toBe(1);
      await page.delete(published.location, streamKey);
      expect(stand.rooms.find(sessionId)).toBeUndefined();
    },
  );

  it('publishes and plays with candidates that trickle, and by TCP alone', async () => {
    const { sessionId } = await publish({ trickle: true, candidates: 'tcp' });
    await play(sessionId, { trickle: true, candidates: 'tcp' });
    await waitUntilPlayed();
  });

  it('publishes simulcast, of which a player gets the best layer', async () => {
    const { sessionId } = await publish({ videoCodec: 'VP8', rids: ['h', 'l'], width: 640 });
    const video = stand.rooms.find(sessionId)?.producers.find(({ kind }) => kind === 'video');
    expect(video?.encodings).toHaveLength(2);
    await play(sessionId);
    await waitUntilPlayed();
    await waitFor('both layers', async () => {
      const { h = 0, l = 0 } = await page.sent('host');
      return h > 0 && l > 0;
    });
    // Had the layers been taken in the wrong order, this would stay the smaller one.
    await waitFor('the larger layer', async () => (await page.received('viewer')).width === 640);
  });

  it('restarts ICE of publisher and player without an end of the media', async () => {
    const { published, streamKey, sessionId } = await publish();
    const played = await play(sessionId);
    await waitUntilPlayed();
    const host = await page.restartIce('host', published.location, streamKey);
    const viewer = await page.restartIce('viewer', played.location, played.token);
    expect([host.status, viewer.status]).toEqual([200, 200]);
    expect(host.etag).not.toBe(published.etag);
    await waitFor('ICE', async () => {
      const states = [await page.state('host'), await page.state('viewer')];
      return states.every((state) => state === 'connected');
    });
    await waitUntilPlayed(30);
  });

  it('goes on with publisher and player as before whose restarts of ICE came to nothing', async () => {
    const { published, streamKey, sessionId } = await publish();
    const played = await play(sessionId);
    await waitUntilPlayed();
    const ends = [
      { name: 'host', path: published.location, token: streamKey },
      { name: 'viewer', path: played.location, token: played.token },
    ];
    for (const { path, token } of ends) {
      for (const nth of [1, 2]) {
        const body = `a=ice-ufrag:never${nth}\r\na=ice-pwd:${'never'.repeat(5)}\r\n`;
        const patch = { method: 'PATCH', token, type: fragment, ifMatch: '*', body };
        expect((await call(stand, path, patch)).status).toBe(200);
      }
    }
    const before = await Promise.all(ends.map(({ name }) => page.consents(name)));
    await waitFor('consent by the credentials from before', async () => {
      const now = await Promise.all(ends.map(({ name }) => page.consents(name)));
      return now.every((count, end) => count >= (before[end] ?? 0) + 2);
    });
    await waitUntilPlayed(30);
    const host = await page.restartIce('host', published.location, streamKey);
    const viewer = await page.restartIce('viewer', played.location, played.token);
    expect([host.status, viewer.status]).toEqual([200, 200]);
    await waitUntilPlayed(30);
  });

  it('finds publisher and player again at other ports, who restarted ICE while they were cut off', async () => {
    const relays = [await relayToMedia(), await relayToMedia()] as const;
    try {
      const [candidatePort, viewerPort] = [relays[0].port, relays[1].port];
      const { published, streamKey, sessionId } = await publish({ candidatePort });
      const played = await play(sessionId, { candidatePort: viewerPort });
      await waitUntilPlayed();
      for (const relay of relays) relay.isCut = true;
      await waitFor('the loss', async () => (await page.state('viewer')) === 'disconnected');
      const host = await page.restartIce('host', published.location, streamKey);
      const viewer = await page.restartIce('viewer', played.location, played.token);
      expect([host.status, viewer.status]).toEqual([200, 200]);
      for (const relay of relays) {
        await relay.rebind();
        relay.isCut = false;
      }
      await waitUntilPlayed(30);
    } finally {
      for (const relay of relays) relay.close();
    }
  });

  it('keeps a publisher who restarted ICE at the end of its grace period', async () => {
    // Long enough that the restart comes within it.
    const longerMs = 6_000;
    const patient = await WhipStand.start({ graceMs: longerMs });
    const server = patient.pool.workers[0]!.webRtcServer;
    const relay = await TcpRelay.start((await server.dump()).tcpServers[0]!.port);
    try {
      const handled = new Promise<types.WebRtcTransport>((resolve) => {
        server.observer.once('webrtctransporthandled', resolve);
      });
      const options = { candidates: 'tcp', candidatePort: relay.port } as const;
      const { published, streamKey, sessionId } = await publish(options, patient);
      await play(sessionId, {}, patient);
      await waitUntilPlayed();
      const transport = await handled;
      relay.cut();
      await waitFor('the loss', () => transport.iceState === 'disconnected');
      const over = delay(longerMs + 500);
      const { status } = await page.restartIce('host', published.location, streamKey);
      expect(status).toBe(200);
      await over;
      relay.mend();
      await waitUntilPlayed(30);
    } finally {
      relay.close();
      await page.page.close();
      await patient.close();
    }
  });

  it('sends a player again what was lost on the way: with a loss of 2 % the picture keeps moving', async () => {
    const relay = await relayToMedia();
    try {
      const { sessionId } = await publish({ videoCodec: 'VP8', width: 640 });
      await play(sessionId, { candidatePort: relay.port });
      await waitUntilPlayed();
      const areRepaired = async (): Promise<boolean> => {
        const [before, lostBefore] = [await page.received('viewer'), relay.lost];
        relay.losesOneIn = 50;
        await waitFor('20 lost packets', () => relay.lost >= lostBefore + 20, { timeoutMs: 60_000 });
        relay.losesOneIn = 0;
        await waitUntilPlayed(30);
        const after = await page.received('viewer');
        // Sound isn't asked for again, so that some of the 20 were of the picture, and nearly all of those came after all.
        const neverCame = after.videoPacketsLost - before.videoPacketsLost;
        return after.videoNacks > before.videoNacks && neverCame <= 1;
      };
      // The sfu keeps packets for 2 s: what a machine that stands still asks for later is lost for good, but not always.
      await waitFor('20 losses that are repaired', areRepaired, { timeoutMs: 180_000 });
    } finally {
      relay.close();
    }
  }, 300_000);

  it('keeps a publisher through a short loss of its network', async () => {
    const relay = await relayToMedia();
    try {
      const { sessionId } = await publish({ candidatePort: relay.port });
      await play(sessionId);
      await waitUntilPlayed();
      relay.isCut = true;
      await waitFor('the loss', async () => (await page.state('host')) === 'disconnected');
      relay.isCut = false;
      await waitFor('the connection', async () => (await page.state('host')) === 'connected');
      await waitUntilPlayed(20);
    } finally {
      relay.close();
    }
  });

  it('ends a publisher whose page is gone, a grace period later', async () => {
    const { sessionId } = await publish({ candidates: 'tcp' });
    const room = stand.rooms.find(sessionId);
    await waitFor('media', () => room?.producers.length === 2);
    await waitFor('the connection', async () => (await page.state('host')) === 'connected');
    const ends: string[] = [];
    room?.on('peerLeft', (_peer, reason) => ends.push(reason));
    await page.page.close();
    await waitFor('the end', () => stand.rooms.find(sessionId) === undefined);
    expect(ends).toHaveLength(1);
  });

  it('gives a player the next publisher of the key on the same m-lines', async () => {
    const { streamKey, sessionId } = await publish({ videoCodec: 'VP8' });
    await play(sessionId);
    await waitUntilPlayed();
    await stand.takeOver(streamKey);
    const options = { url: `${stand.url}/whip`, token: streamKey, videoCodec: 'H264' };
    expect((await page.publish('next', options)).status).toBe(201);
    await waitUntilLost('host');
    await waitFor('the other codec', async () => (await page.received('viewer')).videoCodec === 'video/H264');
    await waitUntilPlayed();
    expect(stand.rooms.find(sessionId)?.producers).toHaveLength(2);
  });
});
