import type { Session } from '@maydan/contracts';
import { VideoProbe, launchBrowser } from '../support/browser/index.ts';
import { checkMedia } from '../support/mediaCheck.ts';
import { readTopPlaylist, waitForNewerSegment } from '../support/playlists.ts';
import { ClipPublisher } from '../support/publish/ClipPublisher.ts';
import { enhancedClip, hevc } from '../support/publish/enhancedClip.ts';
import { RestreamPlace } from '../support/restreamed.ts';
import { useStack } from '../support/useStack.ts';
import { WaysToWatch } from '../support/WaysToWatch.ts';
import { waitFor } from '../support/waitFor.ts';
import type { ClientProcess } from '../support/whip/ClientProcess.ts';
import { startAiortcPlayer, startLibdatachannelPublisher } from '../support/whip/clients.ts';

const pattern = { width: 320, height: 180, frameRate: 25 };
/** A player that has to begin anew takes some seconds, several at load. */
const patience = { timeoutMs: 60_000 };

/** Whatever the source, every way of watching works, with clients that aren't ours. Browsers: everyWayFromBrowsers.test.ts. */
describe('any source to any way of watching', () => {
  const used = useStack({ env: { RESTREAM_ALLOW_PRIVATE: 'true' } });
  const clients: ClientProcess[] = [];
  let elsewhere: RestreamPlace | undefined;
  afterAll(() => elsewhere?.close());
  afterEach(async () => {
    for (const client of clients.splice(0)) await client.kill();
  }, 20_000);

  async function own(starting: Promise<ClientProcess>): Promise<ClientProcess> {
    const client = await starting;
    clients.push(client);
    return client;
  }

  /** As OBS does. */
  async function publishByWhip(): Promise<ClientProcess> {
    const endpoint = `${used.stack.stack.addresses.sfu}/whip`;
    const publisher = await own(startLibdatachannelPublisher(endpoint, used.stack.streamKey));
    await waitFor('the publisher', () => publisher.last('state') === 'connected');
    return publisher;
  }

  async function playByWhep(session: Session, viewer = used.stack.visitor): Promise<ClientProcess> {
    const { token, whepUrl } = await viewer.stage.join({ id: session.id, role: 'viewer' });
    return own(startAiortcPlayer(whepUrl, token));
  }

  /** aiortc plays by WHEP: pictures come, with contrast, and a sound that isn't silence. */
  async function expectPlaysByWhep(session: Session, viewer = used.stack.visitor): Promise<ClientProcess> {
    const player = await playByWhep(session, viewer);
    await waitFor(
      'picture and sound by WHEP',
      () =>
        Number(player.last('frames') ?? 0) > 20 &&
        Number(player.last('peak') ?? 0) > 5_000 &&
        // Not while the pattern flashes.
        Number(player.last('contrast') ?? 0) > 5,
      { timeoutMs: 30_000 },
    );
    await expectViewers(session, 1);
    return player;
  }

  /** Watched in this many ways by others, each of which is counted once. */
  async function expectViewers(session: Session, count: number): Promise<void> {
    const counted = async (): Promise<number> =>
      (await used.stack.visitor.sessions.get({ id: session.id })).viewers.concurrent;
    await waitFor(`${count} viewers`, async () => (await counted()) === count);
  }

  /** Our page plays in real time, over mediasoup-client. */
  async function expectPlaysInRealTime(session: Session): Promise<void> {
    const browser = await launchBrowser();
    try {
      const page = await browser.newPage({ viewport: { width: 800, height: 700 } });
      await page.goto(`${used.stack.web}/watch/${session.id}`);
      await page.getByTestId('mode-realtime').check({ force: true });
      const probe = await VideoProbe.attach(page, '[data-testid="tile-video"]');
      await waitFor('a moving picture', async () => (await probe.pictures(30)).distinct > 10, patience);
      await used.stack.visitor.viewing.start({ id: session.id });
      // By WHEP, on our page, and somebody whose player plays HLS.
      await expectViewers(session, 3);
    } finally {
      await browser.close();
    }
  }

  /** Our page plays parts, near the live edge; ffmpeg plays whole segments. */
  async function expectPlaysByHls(session: Session): Promise<void> {
    const browser = await launchBrowser();
    try {
      const ways = new WaysToWatch(used.stack, browser);
      await ways.lowLatency({ session, tile: 'person' });
      await ways.plain({ session, tile: 'person' });
    } finally {
      await browser.close();
    }
  }

  async function endAndCheck(session: Session): Promise<void> {
    const api = await used.stack.broadcaster();
    await api.sessions.end({ id: session.id });
    await used.stack.waitForState(session.id, 'ended', 60_000);
    const report = await checkMedia(session.playback.hlsUrl);
    expect(report.decodeErrors).toEqual([]);
    expect(report.durationSec).toBeGreaterThan(5);
    expect(report.maxVolumeDb).toBeGreaterThan(-30);
    expect(report.frozenSec).toBeLessThan(2);
  }

  it('RTMP is watched by HLS, WHEP and in real time, and recorded', async () => {
    used.publish(pattern);
    const session = await used.stack.waitForLive();
    await waitForNewerSegment(session.playback.hlsUrl, 2);
    await expectPlaysByWhep(session);
    await expectPlaysInRealTime(session);
    await expectPlaysByHls(session);
    await endAndCheck(session);
  }, 180_000);

  it('HEVC by Enhanced RTMP is watched by HLS and WHEP, and recorded; its broadcaster is told', async () => {
    const clip = await enhancedClip({ ...pattern, durationSec: 60 }, hevc);
    const { port } = new URL(used.stack.publishUrl());
    const publisher = await ClipPublisher.start(Number(port), used.stack.streamKey, clip);
    try {
      const session = await used.stack.waitForLive();
      await waitForNewerSegment(session.playback.hlsUrl, 2);
      await expectPlaysByWhep(session);
      const api = await used.stack.broadcaster();
      const { health } = await api.sessions.health({ id: session.id });
      expect(health?.video).toMatchObject({ codec: 'hevc', width: 320, height: 180 });
      const warnings = health?.warnings.filter(({ message }) => message.includes('HEVC')) ?? [];
      expect(warnings.map(({ code }) => code)).toEqual(['videoEncodedAnew', 'notWebRtcSafe']);
      await endAndCheck(session);
    } finally {
      publisher.stop();
    }
  }, 120_000);

  it('WHIP is watched by HLS, WHEP and in real time, restreamed and recorded; a ban cuts WHEP at once', async () => {
    const host = await used.stack.broadcaster();
    elsewhere = await RestreamPlace.start(host);
    await publishByWhip();
    const session = await used.stack.waitForLive(60_000);
    await waitForNewerSegment(session.playback.hlsUrl, 2);
    const viewer = await used.stack.signIn('viewer');
    const player = await expectPlaysByWhep(session, viewer);
    await expectPlaysInRealTime(session);
    const place = elsewhere;
    await waitFor('both elsewhere', () => place.sent.pictures > 20 && place.sent.sounds > 20);
    await place.close();
    await host.bans.create({ id: session.id, userId: (await viewer.auth.me()).id });
    let before: unknown;
    const isStill = (): boolean => {
      const frames = player.last('frames');
      const isSame = frames === before;
      before = frames;
      return isSame;
    };
    // Of fifteen pictures in a second none comes any more, once the player has decoded what it had.
    await waitFor('the last picture', isStill, { everyMs: 1_000 });
    await expect(viewer.stage.join({ id: session.id, role: 'viewer' })).rejects.toMatchObject({
      code: 'forbidden',
    });
    await expectPlaysByHls(session);
    await endAndCheck(session);
  }, 180_000);

  it('a publisher of WHIP that is lost and back, and RTMP and WHIP in turn, are one session to players that go on', async () => {
    const lost = await publishByWhip();
    const session = await used.stack.waitForLive(60_000);
    const { hlsUrl } = session.playback;
    const player = await playByWhep(session);
    const browser = await launchBrowser();
    try {
      const page = await browser.newPage({ viewport: { width: 800, height: 700 } });
      await page.goto(`${used.stack.web}/watch/${session.id}`);
      // Throws once the page was reloaded.
      const probe = await VideoProbe.attach(page);
      const frames = (): number => Number(player.last('frames') ?? 0);
      const expectGoesOn = async (): Promise<void> => {
        const before = frames();
        const { lastMsn } = await readTopPlaylist(hlsUrl);
        await waitForNewerSegment(hlsUrl, lastMsn + 1);
        // A player that is behind still shows the picture that stood while nobody sent.
        await waitFor('a moving picture', async () => (await probe.pictures(20)).distinct > 5, patience);
        await waitFor('more by WHEP', () => frames() > before + 20, patience);
        expect((await used.stack.waitForLive()).id).toBe(session.id);
      };
      await expectGoesOn();
      // Its network is gone: no DELETE.
      await lost.kill();
      const back = await publishByWhip();
      await expectGoesOn();
      const rtmp = used.publish(pattern);
      await waitFor('the end of WHIP', () => back.last('state') !== 'connected');
      await expectGoesOn();
      await publishByWhip();
      expect((await rtmp.exited).code).not.toBe(0);
      await expectGoesOn();
    } finally {
      await browser.close();
    }
  }, 180_000);
});
