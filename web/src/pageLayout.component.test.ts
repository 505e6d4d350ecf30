import type { Page } from 'playwright-core';
import { brokenRules } from './testing/brokenRules.ts';
import { recordingFixture, sessionFixture, sessionId } from './testing/fixtures.ts';
import { waitForStats, wakeControls, WebHarness } from './testing/WebHarness.ts';

const recordingId = '11111111-1111-4111-8111-111111111111';
const phone = { width: 360, height: 640 };
const desktop = { width: 1280, height: 800 };

describe('layout and accessibility of the page in Chromium', () => {
  let web: WebHarness;
  let page: Page;

  beforeAll(async () => {
    web = await WebHarness.start({ recording: true });
    const recording = recordingFixture(web.mediaUrl, { id: recordingId });
    web.site.set(sessionFixture(`${web.mediaUrl}/index.m3u8`), recording);
  });
  afterAll(async () => web?.close());
  afterEach(async () => page?.context().close());

  const widths = () =>
    page.evaluate(() => ({
      page: document.documentElement.scrollWidth,
      window: document.documentElement.clientWidth,
    }));

  for (const locale of ['en', 'ar'] as const) {
    for (const path of ['/', `/watch/${recordingId}`, '/@salma', '/watch/nothing', '/nowhere']) {
      it(`${path} fits a phone and reads from the right side in ${locale}`, async () => {
        page = await web.visit(path, { viewport: phone, locale });
        await page.locator('h1, [role=status]').first().waitFor();
        await page
          .getByText(locale === 'en' ? 'Maydan' : 'ميدان')
          .first()
          .waitFor();
        const html = page.locator('html');
        expect(await html.getAttribute('dir')).toBe(locale === 'ar' ? 'rtl' : 'ltr');
        expect(await html.getAttribute('lang')).toBe(locale);
        const { page: pageWidth, window } = await widths();
        expect(pageWidth).toBeLessThanOrEqual(window);
      });
    }

    it(`has no broken accessibility rule in ${locale}, light and dark`, async () => {
      for (const colorScheme of ['light', 'dark'] as const) {
        page = await web.visit('/', { viewport: desktop, locale, colorScheme });
        await page.getByTestId('session-card').first().waitFor();
        expect(await brokenRules(page)).toEqual([]);
        await page.goto(`${web.site.url}/watch/${recordingId}`);
        await waitForStats(page, 'playback', ({ phase }) => phase === 'playing');
        await wakeControls(page);
        await page.getByTestId('quality').click();
        expect(await brokenRules(page)).toEqual([]);
        await page.context().close();
      }
    });
  }

  it('keeps all controls inside a phone-size picture, and the bar from left to right', async () => {
    for (const locale of ['en', 'ar']) {
      page = await web.visit(`/watch/${recordingId}`, { viewport: phone, locale });
      await waitForStats(page, 'playback', ({ phase }) => phase === 'playing');
      await wakeControls(page);
      const player = await page.getByTestId('player').boundingBox();
      const order: number[] = [];
      for (const id of ['play', 'mute', 'quality', 'fullscreen']) {
        const box = await page.getByTestId(id).boundingBox();
        if (!player || !box) throw new Error(`${id} is not shown`);
        expect(box.x).toBeGreaterThanOrEqual(player.x);
        expect(box.x + box.width).toBeLessThanOrEqual(player.x + player.width);
        order.push(box.x);
      }
      expect(order).toEqual(order.toSorted((a, b) => a - b));
      await page.context().close();
    }
  });

  it('changes the language in place and keeps the choice', async () => {
    page = await web.visit('/', { locale: 'en-US' });
    await page.getByRole('heading', { name: 'Live now', exact: true }).waitFor();
    await page.getByTestId('language').click();
    await page.getByRole('heading', { name: 'مباشر الآن', exact: true }).waitFor();
    expect(await page.locator('html').getAttribute('dir')).toBe('rtl');
    await page.reload();
    await page.getByRole('heading', { name: 'مباشر الآن', exact: true }).waitFor();
  });

  it('lists who is live and what was recorded, and leads there', async () => {
    page = await web.visit('/');
    await page.getByTestId('live-list').getByTestId('session-card').waitFor();
    await page.getByTestId('recording-list').getByTestId('session-card').waitFor();
    await page.getByTestId('live-list').getByRole('link').first().click();
    await page.waitForURL(`**/watch/${sessionId}`);
    await page.getByTestId('title').waitFor();
  });

  it('shows the latest recording on a channel, and offers the live session when one begins', async () => {
    const recording = recordingFixture(web.mediaUrl, { id: recordingId });
    web.site.set(recording);
    try {
      page = await web.visit('/@salma');
      await waitForStats(
        page,
        'the recording',
        ({ kind, phase }) => kind === 'recording' && phase === 'playing',
      );
      web.site.set(sessionFixture(`${web.mediaUrl}/index.m3u8`, { title: 'Now' }), recording);
      await page.getByTestId('live-banner').getByRole('button').click();
      await page.getByText('Now').waitFor();
    } finally {
      web.site.set(sessionFixture(`${web.mediaUrl}/index.m3u8`), recording);
    }
  });

  it('says that the server is away and comes back by itself', async () => {
    web.site.fail(true);
    page = await web.visit(`/watch/${recordingId}`);
    await page.getByTestId('stage-error').waitFor();
    web.site.fail(false);
    await page.getByTestId('title').waitFor();
  });
});

describe('autoplay in Chromium', () => {
  let web: WebHarness;
  beforeAll(async () => {
    web = await WebHarness.start({ recording: true, autoplayNeedsGesture: true });
    web.site.set(recordingFixture(web.mediaUrl));
  });
  afterAll(async () => web?.close());

  it('begins muted where the browser wants a gesture for sound, and offers the sound', async () => {
    const context = await web.browser.newContext();
    // Whatever Playwright runs in the page counts as a gesture, so the page itself has to say when it is ready.
    await context.addInitScript(() => {
      const look = (): void => {
        if (document.querySelector('[data-testid="unmute"]')) console.log('sound is offered');
      };
      new MutationObserver(look).observe(document, { subtree: true, childList: true });
    });
    const page = await context.newPage();
    const offered = page.waitForEvent('console', (message) => message.text() === 'sound is offered');
    await page.goto(`${web.site.url}/watch/${sessionId}`);
    await offered;
    const isMuted = () => page.evaluate(() => document.querySelector('video')?.muted);
    expect(await isMuted()).toBe(true);
    await waitForStats(page, 'playback', ({ phase }) => phase === 'playing');
    await page.getByTestId('unmute').click();
    expect(await isMuted()).toBe(false);
    await page.getByTestId('unmute').waitFor({ state: 'detached' });
  });
});
