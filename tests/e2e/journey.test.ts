import type { Session } from '@maydan/contracts';
import type { Browser, Page } from 'playwright-core';
import { launchBrowser, VideoProbe } from '../support/browser/index.ts';
import { checkMedia } from '../support/mediaCheck.ts';
import type { Publisher } from '../support/publish/Publisher.ts';
import { readTopPlaylist } from '../support/playlists.ts';
import { useStack } from '../support/useStack.ts';
import { waitFor } from '../support/waitFor.ts';

const pattern = { width: 640, height: 360, frameRate: 30 };
const syncMs = 100;
const patience = { timeout: 60_000 };

/** The main journey: an encoder publishes, a viewer sees and hears it with low latency, then the recording plays. */
describe('from an encoder to a playing viewer and the recording', () => {
  const used = useStack({ publishersEnd: 'afterAll' });
  let browser: Browser;
  let publisher: Publisher;
  let session: Session;
  let page: Page;

  beforeAll(async () => {
    browser = await launchBrowser();
    publisher = used.publish(pattern, { tls: true });
    session = await used.stack.waitForLive();
  }, 60_000);
  afterAll(async () => {
    await (browser as Browser | undefined)?.close(); // undefined when the start failed
  });

  /** The picture moves, flashes and is neither black nor frozen; the beep is heard, in time with the flash. */
  async function expectSeenAndHeard(viewer: Page): Promise<void> {
    const probe = await VideoProbe.attach(viewer);
    const picture = await probe.pictures(60);
    expect(picture.distinct).toBeGreaterThan(20);
    expect(picture.brightest).toBeGreaterThan(200);
    expect(picture.darkest).toBeLessThan(120);
    // A player that waits for data on a busy machine is silent meanwhile.
    await waitFor('the beep', async () => (await probe.sound(2_500)).rms > 0.1, { timeoutMs: 60_000 });
    const offset = await probe.avOffset(3, { timeoutMs: 60_000 });
    expect(Math.abs(offset.medianMs)).toBeLessThanOrEqual(syncMs);
  }

  it('plays low-latency HLS within seconds of the live edge', async () => {
    page = await browser.newPage({ viewport: { width: 800, height: 700 } });
    await page.goto(`${used.stack.web}/@${used.stack.broadcasterName}`);
    await expectSeenAndHeard(page);
    await page.waitForFunction(() => (window.maydan?.latencySec ?? Infinity) < 4, undefined, patience);
    expect(await page.getByTestId('latency').textContent()).toMatch(/\d/);
  }, 120_000);

  it('plays as plain HLS too', async () => {
    const plain = await browser.newPage({ viewport: { width: 800, height: 700 } });
    await plain.goto(`${used.stack.web}/watch/${session.id}?lowLatency=0`);
    await expectSeenAndHeard(plain);
    await plain.close();
  }, 120_000);

  it('lets a viewer seek back to the start and return to the edge', async () => {
    await page.getByTestId('seek').press('Home');
    await page.getByTestId('go-live').waitFor();
    const probe = await VideoProbe.attach(page);
    expect((await probe.pictures(20)).distinct).toBeGreaterThan(5);
    const behind = await page.evaluate(() => window.maydan?.stats().wallClockLatencySec ?? 0);
    expect(behind).toBeGreaterThan(8);
    await page.getByTestId('go-live').click();
    const isBack = (): boolean => (window.maydan?.stats().wallClockLatencySec ?? 99) < 5;
    await page.waitForFunction(isBack, undefined, patience);
  }, 120_000);

  it('turns into the recording on the same page when the host ends the session', async () => {
    const api = await used.stack.broadcaster();
    const live = await readTopPlaylist(session.playback.hlsUrl);
    await api.sessions.end({ id: session.id });
    const ended = await used.stack.waitForState(session.id, 'ended');
    expect(ended.durationMs).toBeGreaterThan(live.durationSec * 1000 - 1000);
    await publisher.exited;
    const isRecording = (): boolean => Number.isFinite(document.querySelector('video')?.duration);
    await page.waitForFunction(isRecording, undefined, patience);
    await page.reload();
    await expectSeenAndHeard(page);
  }, 120_000);

  it('leaves a recording that is whole', async () => {
    const report = await checkMedia(session.playback.hlsUrl);
    expect(report.decodeErrors).toEqual([]);
    expect(report.streams.map(({ codec }) => codec).sort()).toEqual(expect.arrayContaining(['aac', 'h264']));
    const recording = await readTopPlaylist(session.playback.hlsUrl);
    expect(recording.ended).toBe(true);
    expect(recording.mediaSequence).toBe(1);
    expect(Math.abs(report.durationSec - recording.durationSec)).toBeLessThan(0.3);
    expect(Math.abs(report.frames - recording.durationSec * pattern.frameRate)).toBeLessThan(10);
    expect(report.maxVolumeDb).toBeGreaterThan(-10);
    expect(report.blackSec + report.frozenSec).toBeLessThan(0.5);
  }, 60_000);

  it('has a poster and a storyboard', async () => {
    const { posterUrl, storyboardUrl } = await waitFor(
      'the images',
      async () => {
        const { playback } = await used.stack.visitor.sessions.get({ id: session.id });
        return playback.posterUrl !== null && playback.storyboardUrl !== null ? playback : undefined;
      },
      { timeoutMs: 60_000 },
    );
    const poster = await fetch(posterUrl ?? '');
    expect(poster.headers.get('content-type')).toBe('image/jpeg');
    expect((await poster.arrayBuffer()).byteLength).toBeGreaterThan(1_000);
    const storyboard = await (await fetch(storyboardUrl ?? '')).text();
    expect(storyboard).toMatch(/^WEBVTT/);
    const sprite = /^(\S+\.jpg)#xywh=/m.exec(storyboard)?.[1] ?? '';
    expect((await fetch(new URL(sprite, storyboardUrl ?? ''))).status).toBe(200);
  }, 90_000);
});
