import type { Browser } from 'playwright-core';
import { launchBrowser } from '../../../tests/support/browser/launchBrowser.ts';
import { waitFor } from '../../../tests/support/waitFor.ts';
import { WhipPage, type Posted } from '../../../tests/support/whip/whipPage.ts';
import { WhipStand } from './testing/WhipStand.ts';

let stand: WhipStand;
let browser: Browser;
beforeAll(async () => {
  stand = await WhipStand.start({ graceMs: 500 });
  browser = await launchBrowser();
}, 60_000);
afterAll(async () => {
  await browser.close();
  await stand.close();
});

/** A page of another origin than the sfu's: what it sees of the answers, CORS lets it see. */
async function openPage(): Promise<WhipPage> {
  const page = await browser.newPage();
  await page.goto(stand.url.replace('127.0.0.1', 'localhost'));
  return new WhipPage(page);
}

async function waitUntilPlayed(page: WhipPage, name: string, beyond = 10): Promise<void> {
  await waitFor('picture and sound', async () => {
    const { frames, audioEnergy, pictures } = await page.received(name);
    return frames > beyond && audioEnergy > 0 && pictures > 3;
  });
}

describe('Chromium with hand-written WHIP and WHEP', () => {
  let page: WhipPage;
  beforeEach(async () => {
    page = await openPage();
  });
  afterEach(async () => {
    await page.page.close();
    for (const room of stand.rooms.all) room.close('sessionEnded');
  });

  /** Publishes, and plays it in the same page. */
  async function publishAndPlay(
    videoCodec: string,
  ): Promise<{ published: Posted; played: Posted; streamKey: string }> {
    const { streamKey, grant } = stand.allow();
    const published = await page.publish('host', { url: `${stand.url}/whip`, token: streamKey, videoCodec });
    expect(published.status).toBe(201);
    const token = stand.token(grant.sessionId);
    const played = await page.play('viewer', { url: `${stand.url}/whep/${grant.sessionId}`, token });
    expect(played.status).toBe(201);
    await waitUntilPlayed(page, 'viewer');
    return { published, played, streamKey };
  }

  it.each(['VP8', 'H264', 'VP9'])(
    'publishes and plays %s with Opus',
    async (codec) => {
      const { published, streamKey } = await publishAndPlay(codec);
      expect((await page.received('viewer')).videoCodec).toBe(`video/${codec}`);
      expect(published.contentType).toBe('application/sdp; charset=utf-8');
      expect(published.location).toMatch(/\/whip\/sessions\/[\w-]{32}$/);
      expect(published.etag).toMatch(/^"[\w-]{16}"$/);
      const [room] = stand.rooms.all;
      expect(room?.stage.map(({ role, displayName }) => [role, displayName])).toEqual([['host', 'Host']]);
      expect(room?.producers.map(({ source }) => source).toSorted()).toEqual(['camera', 'microphone']);
      const authorization = `Bearer ${streamKey}`;
      const deleted = await fetch(published.location, { method: 'DELETE', headers: { authorization } });
      expect(deleted.status).toBe(200);
      expect(room?.producers).toEqual([]);
      await waitFor('the end of the connection', async () => (await page.state('host')) !== 'connected');
    },
    60_000,
  );
});
