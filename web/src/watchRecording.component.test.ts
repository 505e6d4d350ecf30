import type { Page } from 'playwright-core';
import { VideoProbe } from '../../tests/support/browser/VideoProbe.ts';
import { waitFor } from '../../tests/support/waitFor.ts';
import { recordingFixture, recordingSec, sessionId } from './testing/fixtures.ts';
import {
  chooseQuality,
  movesOf,
  playsFrom,
  statsOf,
  waitForProgress,
  waitForStats,
  wakeControls,
  WebHarness,
} from './testing/WebHarness.ts';

describe('watching a recording in Chromium', () => {
  let web: WebHarness;
  let page: Page;

  beforeAll(async () => {
    web = await WebHarness.start({ recording: true });
    web.site.set(recordingFixture(web.mediaUrl));
  });
  afterAll(async () => web?.close());
  beforeEach(() => {
    web.mediaStatus = null;
    web.pageErrors.length = 0;
  });
  afterEach(async () => page?.context().close());

  it('plays with a picture that changes and sound in sync, under the content policy', async () => {
    page = await web.visit(`/watch/${sessionId}`);
    const probe = await VideoProbe.attach(page);
    const stats = await waitForStats(page, 'playback', ({ phase }) => phase === 'playing');
    expect(stats).toMatchObject({ kind: 'recording', engine: 'hls.js', latencySec: null });
    const pictures = await probe.pictures(30);
    expect(pictures.distinct).toBeGreaterThan(5);
    await waitFor('a beep', async () => (await probe.sound()).peak > 0.1);
    const offset = await probe.avOffset(2);
    expect(Math.abs(offset.medianMs)).toBeLessThan(100);
    expect(web.pageErrors).toEqual([]);
  });

  it('starts at the beginning, seeks by keyboard and bar, and plays again after the end', async () => {
    page = await web.visit(`/watch/${sessionId}`);
    const atStart = await waitForStats(page, 'playback', ({ phase }) => phase === 'playing');
    expect((await movesOf(page, 'playing'))[0]).toBeLessThan(5);
    expect(atStart.windowEndSec).toBeGreaterThan(recordingSec - 0.5);

    await page.keyboard.press('k');
    await waitForStats(page, 'a pause', ({ phase }) => phase === 'paused');
    await page.keyboard.press('5');
    await waitForStats(
      page,
      'the middle',
      ({ positionSec }) => Math.abs(positionSec - recordingSec / 2) < 0.2,
    );
    for (let back = 0; back < recordingSec / 2; back += 5) await page.keyboard.press('ArrowLeft');
    await waitForStats(page, 'the begin', ({ positionSec }) => positionSec < 0.2);

    await wakeControls(page);
    const seek = await page.getByTestId('seek').boundingBox();
    if (!seek) throw new Error('no seek bar');
    await page.mouse.click(seek.x + seek.width * 0.92, seek.y + seek.height / 2);
    const wantedSec = recordingSec * 0.92;
    await waitForStats(
      page,
      'a place near the end',
      ({ positionSec }) => Math.abs(positionSec - wantedSec) < 0.04 * recordingSec,
    );
    await page.getByTestId('play').click();
    await page.getByTestId('ended').waitFor();
    const replay = () => page.getByTestId('replay').click();
    expect(await playsFrom(page, replay)).toBeLessThan(5);
    await waitForProgress(page);
  });

  it('offers qualities and sound alone, and keeps the place when they change', async () => {
    page = await web.visit(`/watch/${sessionId}`);
    await waitForStats(page, 'playback', ({ phase }) => phase === 'playing');
    await wakeControls(page);
    await page.getByTestId('quality').click();
    const entries = await page
      .getByRole('menuitemradio')
      .evaluateAll((items) => items.map((item) => item.dataset['quality']));
    expect(entries).toEqual(['auto', '180p', '90p', 'audio']);

    await page.locator('[data-quality="90p"]').click();
    await waitForStats(page, 'the small picture', ({ level }) => level === '90p');
    await page.waitForFunction(() => document.querySelector('video')?.videoHeight === 90);

    const before = await statsOf(page);
    await chooseQuality(page, 'audio');
    await page.getByTestId('audio-panel').waitFor();
    const sound = await waitForStats(
      page,
      'sound alone',
      ({ phase, level }) => phase === 'playing' && level === 'audio',
    );
    expect(sound.positionSec).toBeGreaterThanOrEqual(before.positionSec - 0.5);
    expect(await page.evaluate(() => document.querySelector('video')?.videoWidth)).toBe(0);

    await chooseQuality(page, '180p');
    await waitForStats(page, 'the picture', ({ phase, level }) => phase === 'playing' && level === '180p');
    await page.getByTestId('audio-panel').waitFor({ state: 'detached' });
  });

  it('works by keyboard in the quality menu', async () => {
    page = await web.visit(`/watch/${sessionId}`);
    await waitForStats(page, 'playback', ({ phase }) => phase === 'playing');
    await page.getByTestId('quality').focus();
    await page.keyboard.press('Enter');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await waitForStats(page, 'the small picture', ({ level }) => level === '90p');
    expect(await page.getByTestId('quality').evaluate((button) => button === document.activeElement)).toBe(
      true,
    );
  });

  it('shows a picture and the time of the place that is pointed at', async () => {
    page = await web.visit(`/watch/${sessionId}`);
    await waitForStats(page, 'playback', ({ phase }) => phase === 'playing');
    await wakeControls(page);
    const seek = await page.getByTestId('seek').boundingBox();
    if (!seek) throw new Error('no seek bar');
    await page.mouse.move(seek.x + seek.width * 0.5, seek.y + seek.height / 2);
    const preview = page.getByTestId('seek-preview');
    await preview.locator('img').waitFor();
    expect(await preview.textContent()).toBe('0:15');
    const loaded = await preview
      .locator('img')
      .evaluate((image: HTMLImageElement) => image.decode().then(() => image.naturalWidth));
    expect(loaded).toBe(800);
  });

  it('says that the server is away, keeps trying, and plays by itself once it is back', async () => {
    web.mediaStatus = 503;
    page = await web.visit(`/watch/${sessionId}`);
    await page.getByTestId('trouble').waitFor({ timeout: 60_000 });
    web.mediaStatus = null;
    const back = await waitForStats(page, 'playback', ({ phase }) => phase === 'playing');
    expect(back.faults).toBeGreaterThan(0);
    await waitForProgress(page);
  });

  it("plays with the browser's own HLS where there is no Media Source", async () => {
    page = await web.visit(`/watch/${sessionId}?engine=native`);
    const stats = await waitForStats(page, 'playback', ({ phase }) => phase === 'playing');
    expect(stats).toMatchObject({ kind: 'recording', engine: 'native' });
    await waitForProgress(page);
  });
});
