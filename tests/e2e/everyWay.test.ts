import type { Session } from '@maydan/contracts';
import { VideoProbe, launchBrowser } from '../support/browser/index.ts';
import { checkMedia } from '../support/mediaCheck.ts';
import { waitForNewerSegment } from '../support/playlists.ts';
import { useStack } from '../support/useStack.ts';
import { waitFor } from '../support/waitFor.ts';
import type { ClientProcess } from '../support/whip/ClientProcess.ts';
import { startAiortcPlayer, startLibdatachannelPublisher } from '../support/whip/clients.ts';

const pattern = { width: 320, height: 180, frameRate: 25 };

/** Whatever the source, every way of watching works, with clients that aren't ours. */
describe('any source to any way of watching', () => {
  const used = useStack();
  const clients: ClientProcess[] = [];
  afterEach(async () => {
    for (const client of clients.splice(0)) await client.kill();
  }, 20_000);

  async function own(starting: Promise<ClientProcess>): Promise<ClientProcess> {
    const client = await starting;
    clients.push(client);
    return client;
  }

  /** aiortc plays by WHEP: pictures come, with contrast, and a sound that isn't silence. */
  async function expectPlaysByWhep(session: Session): Promise<void> {
    const { token, whepUrl } = await used.stack.visitor.stage.join({ id: session.id, role: 'viewer' });
    const player = await own(startAiortcPlayer(whepUrl, token));
    await waitFor(
      'picture and sound by WHEP',
      () =>
        Number(player.last('frames') ?? 0) > 20 &&
        Number(player.last('peak') ?? 0) > 5_000 &&
        // Not while the pattern flashes.
        Number(player.last('contrast') ?? 0) > 5,
      { timeoutMs: 30_000 },
    );
  }

  /** Our page plays in real time, over mediasoup-client. */
  async function expectPlaysInRealTime(session: Session): Promise<void> {
    const browser = await launchBrowser();
    try {
      const page = await browser.newPage({ viewport: { width: 800, height: 700 } });
      await page.goto(`${used.stack.web}/watch/${session.id}`);
      await page.getByTestId('mode-realtime').check({ force: true });
      const probe = await VideoProbe.attach(page, '[data-testid="tile-video"]');
      expect((await probe.pictures(30)).distinct).toBeGreaterThan(10);
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
    await endAndCheck(session);
  }, 180_000);

  it('WHIP is watched by HLS, WHEP and in real time, and recorded', async () => {
    const publisher = await own(
      startLibdatachannelPublisher(`${used.stack.stack.addresses.sfu}/whip`, used.stack.streamKey),
    );
    await waitFor('the publisher', () => publisher.last('state') === 'connected');
    const session = await used.stack.waitForLive(60_000);
    await waitForNewerSegment(session.playback.hlsUrl, 2);
    await expectPlaysByWhep(session);
    await expectPlaysInRealTime(session);
    await endAndCheck(session);
  }, 180_000);
});
