import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { ApiClient, Session } from '@maydan/contracts';
import type { Browser, Page } from 'playwright-core';
import { launchBrowser, VideoProbe } from '../support/browser/index.ts';
import { checkMedia } from '../support/mediaCheck.ts';
import { readTopPlaylist, waitForNewerSegment } from '../support/playlists.ts';
import { useStack } from '../support/useStack.ts';
import { waitFor } from '../support/waitFor.ts';

const run = promisify(execFile);
const pattern = { width: 320, height: 180, frameRate: 25 };

/** A private session is played by who is invited, with our page and with a plain player, until they aren't any more. */
describe('a private session', () => {
  const used = useStack({ publishersEnd: 'afterAll' });
  let host: ApiClient;
  let viewer: ApiClient;
  let viewerId: string;
  let session: Session;
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    browser = await launchBrowser();
    host = await used.stack.signIn('broadcaster');
    viewer = await used.stack.signIn('viewer');
    viewerId = (await viewer.auth.me()).id;
    const { id } = await host.sessions.create({ title: 'among us', visibility: 'private' });
    used.publish(pattern);
    session = await waitFor(
      'the private session to be live',
      async () => {
        const now = await host.sessions.get({ id });
        return now.state === 'live' && now.playback.playable ? now : undefined;
      },
      { timeoutMs: 60_000 },
    );
  }, 120_000);
  afterAll(async () => {
    await (browser as Browser | undefined)?.close(); // undefined when the start failed
  });

  const statusOf = async (url: string): Promise<number> => (await fetch(url)).status;
  const addressOf = async (api: ApiClient, id = session.id): Promise<string> =>
    (await api.access.playback({ id })).playback.hlsUrl;

  /** Three seconds, as a player sees them that knows nothing of us. */
  async function playPlainly(url: string): Promise<number> {
    const wanted = ['-v', 'error', '-live_start_index', '-3', '-i', url, '-t', '3', '-map', '0:v:0'];
    const { stdout } = await run('ffmpeg', [...wanted, '-f', 'framemd5', '-'], { timeout: 60_000 });
    return new Set(stdout.split('\n').map((line) => line.split(',').at(-1))).size;
  }

  it('is refused without a token, and with one of somebody or something else', async () => {
    await expect(viewer.access.playback({ id: session.id })).rejects.toMatchObject({
      code: 'session_private',
    });
    const own = session.playback.hlsUrl;
    const [, token = ''] = /(\/~[^/]+)\//.exec(own) ?? [];
    expect(await statusOf(own)).toBe(200);
    expect(await statusOf(own.replace(token, ''))).toBe(403);
    const { id } = await host.sessions.create({ title: 'another', visibility: 'private' });
    const [, another = ''] = /(\/~[^/]+)\//.exec(await addressOf(host, id)) ?? [];
    expect(another).not.toBe(token);
    expect(await statusOf(own.replace(token, another))).toBe(401);
    await host.sessions.end({ id });
  }, 60_000);

  it('plays for who is invited, with a plain player and with our page', async () => {
    await host.access.create({ id: session.id, userId: viewerId });
    const url = await addressOf(viewer);
    // A plain player begins some segments before the end, and finds nothing where there are none yet.
    await waitForNewerSegment(url, 4);
    expect(await playPlainly(url)).toBeGreaterThan(10);
    page = await browser.newPage({ viewport: { width: 800, height: 700 } });
    await page.goto(`${used.stack.web}/watch/${session.id}`);
    await page.getByTestId('stage-error').waitFor();
    const { username, password } = used.stack.user('viewer');
    await page.goto(`${used.stack.web}/studio`);
    await page.getByTestId('account-login').fill(username);
    await page.getByTestId('account-password').fill(password);
    await page.getByTestId('account-submit').click();
    await page.getByTestId('account-login').waitFor({ state: 'detached' });
    await page.goto(`${used.stack.web}/watch/${session.id}`);
    const probe = await VideoProbe.attach(page);
    expect((await probe.pictures(40, { timeoutMs: 60_000 })).distinct).toBeGreaterThan(15);
  }, 180_000);

  it('is played by nobody who is invited no more: the page says so, and the next playlist is refused', async () => {
    const url = await addressOf(viewer);
    await host.access.remove({ id: session.id, userId: viewerId });
    await waitFor('the refusal', async () => (await statusOf(url)) === 401, { timeoutMs: 30_000 });
    await page.getByTestId('stage-error').waitFor({ timeout: 60_000 });
    await expect(viewer.stage.join({ id: session.id })).rejects.toMatchObject({ code: 'session_private' });
    // The host's player goes on, and another invitation lets in again.
    const { lastMsn } = await readTopPlaylist(session.playback.hlsUrl);
    await waitForNewerSegment(session.playback.hlsUrl, lastMsn + 1);
    await host.access.create({ id: session.id, userId: viewerId });
    expect(await statusOf(await addressOf(viewer))).toBe(200);
  }, 180_000);

  it('made public it plays for all but whom the host bans: the next playlist is refused, and a guest’s is not', async () => {
    const { id } = session;
    const made = await host.sessions.update({ id, visibility: 'public' });
    const own = await addressOf(viewer);
    await waitFor('the address to be open', async () => (await statusOf(own)) === 200);
    await host.bans.create({ id, userId: viewerId });
    await waitFor('the refusal', async () => (await statusOf(own)) === 403);
    await expect(addressOf(viewer)).rejects.toMatchObject({ code: 'forbidden' });
    expect(await statusOf(made.playback.hlsUrl)).toBe(200);
    await host.bans.remove({ id, userId: viewerId });
    await waitFor('the address to be open again', async () => (await statusOf(own)) === 200);
    await host.moderation.kick({ id, userId: viewerId });
    await waitFor('the refusal of who was kicked', async () => (await statusOf(own)) === 403);
    await host.sessions.update({ id, visibility: 'private' });
    // Origins look once a second.
    await waitFor(
      'the open address to be refused',
      async () => (await statusOf(made.playback.hlsUrl)) === 403,
    );
  }, 120_000);

  it('its recording is as private', async () => {
    await host.sessions.end({ id: session.id });
    const ended = await waitFor(
      'the recording',
      async () => {
        const now = await viewer.sessions.get({ id: session.id });
        return now.state === 'ended' && now.playback.posterUrl !== null ? now : undefined;
      },
      { timeoutMs: 90_000 },
    );
    const { hlsUrl, posterUrl, storyboardUrl } = ended.playback;
    // Who was kicked may be back by then.
    await waitFor('the kick to be over', async () => (await statusOf(hlsUrl)) === 200, { timeoutMs: 60_000 });
    for (const url of [hlsUrl, posterUrl ?? '', storyboardUrl ?? '']) {
      expect(await statusOf(url)).toBe(200);
      expect(await statusOf(url.replace(/\/~[^/]+/, ''))).toBe(403);
    }
    expect((await checkMedia(hlsUrl)).decodeErrors).toEqual([]);
    await host.access.remove({ id: session.id, userId: viewerId });
    await waitFor('the refusal', async () => (await statusOf(hlsUrl)) === 401, { timeoutMs: 30_000 });
  }, 240_000);

  it('its recording made public is played by nobody once a moderator hides it, and is gone once its host deletes it', async () => {
    const { id } = session;
    const moderator = await used.stack.signIn('admin');
    const { hlsUrl } = (await host.sessions.update({ id, visibility: 'public' })).playback;
    const open = hlsUrl.replace(/\/~[^/]+/, '');
    const comes = (status: number) =>
      waitFor(`${status}`, async () => (await statusOf(open)) === status, { timeoutMs: 30_000 });
    await comes(200);
    const firstOf = async (url: string): Promise<string> => {
      const [line = ''] = (await (await fetch(url)).text()).match(/^[^#\n]+$/m) ?? [];
      return new URL(line, url).href;
    };
    const partUrl = await firstOf(await firstOf(open));
    expect(await statusOf(partUrl)).toBe(200);
    await moderator.platformModeration.hideRecording({ id, reason: 'to be looked at' });
    await comes(403);
    expect(await statusOf(partUrl)).toBe(403);
    expect(await statusOf((await moderator.access.playback({ id })).playback.hlsUrl)).toBe(200);
    await moderator.platformModeration.showRecording({ id });
    await comes(200);
    expect(await statusOf(partUrl)).toBe(200);
    expect((await host.sessions.deleteRecording({ id })).recording).toBe('deleted');
    await comes(403);
  }, 120_000);
});
