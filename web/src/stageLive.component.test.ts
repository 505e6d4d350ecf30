import type { Page } from 'playwright-core';
import { waitFor } from '../../tests/support/waitFor.ts';
import { brokenRules } from './testing/brokenRules.ts';
import {
  figuresOf,
  StageHarness,
  stageOf,
  waitForMovingPicture,
  waitForSound,
  waitForStage,
} from './testing/StageHarness.ts';

/** Arabic digits as others write them. */
const western = (text = ''): string =>
  text.replaceAll(/[٠-٩]/g, (digit) => String('٠١٢٣٤٥٦٧٨٩'.indexOf(digit)));

describe('the stage in Chromium, over a real sfu', () => {
  let web: StageHarness;
  let host: Page;
  let guest: Page;
  let id: string;

  beforeAll(async () => {
    ({ web, host, guest, id } = await StageHarness.startLive());
  }, 180_000);
  afterAll(async () => web?.close());

  /** The tile of the other person, as one of them sees it. */
  const otherTile = (page: Page) => page.locator('[data-testid="tile"][data-kind="person"]:not([data-own])');

  it('shows the host their own picture, and figures of what is sent', async () => {
    await waitForMovingPicture(host, '[data-testid="own-video"]');
    await host.getByTestId('figures-camera').waitFor();
    await host.getByTestId('figures-microphone').waitFor();
    // The sfu finds it out also while nobody watches.
    await figuresOf(host, 'arriving-camera', 'Picture size');
  });

  it('brings a viewer on stage who asked; both see and hear each other', async () => {
    await web.comeOnStage(host, guest);
    for (const page of [host, guest]) {
      await waitForMovingPicture(page);
      await waitForSound(page);
    }
  });

  it('shows live, in both languages, what the server sees of devices and stream, with warnings and advice', async () => {
    const asked: string[] = [];
    host.on('request', (request) => {
      if (request.url().endsWith('/health')) asked.push(request.url());
    });
    // What the sfu says of the camera of this browser.
    await figuresOf(host, 'arriving-camera', 'Lost frames');
    const camera = await figuresOf(host, 'arriving-camera', 'Round trip');
    expect(Object.keys(camera)).toEqual(
      expect.arrayContaining([
        ...['Bitrate', 'Picture size', 'Frames per second', 'Lost frames', 'Late frames'],
        ...['Packet loss', 'Round trip', 'Jitter'],
      ]),
    );
    expect(camera['Picture size']).toMatch(/^\d+ × \d+$/);
    expect(camera['Lost frames']).toMatch(/^\d+ \([\d.]+%\)$/);
    expect(camera['Packet loss']).toMatch(/^[\d.]+%$/);
    // What a worker says of the stream: none runs here.
    const video = { ...{ codec: 'h264', width: 1280, height: 720 }, frameRate: 30, keyFrameIntervalSec: 2 };
    const tellHealth = () =>
      web.tellHealth(id, {
        video,
        frames: { windowSec: 10, received: 250, missing: 50, late: 8, mostLateMs: 900, dropped: 1 },
        inputBitrateBps: 2_500_000,
        warnings: ['framesMissing', 'framesLate'],
      });
    await tellHealth();
    expect(await figuresOf(host, 'figures-broadcast', 'Missing frames')).toMatchObject({
      ...{ Bitrate: '2.5 Mb/s', 'Picture size': '1280 × 720', 'Frames per second': '30' },
      ...{ 'Key frame every': '2 s', 'Missing frames': '50 (16.7%)', 'Late frames': '8 (3.2%)' },
      'Left out by the server': '1 (0.4%)',
    });
    const warning = host.locator('[data-warning="framesMissing"]');
    expect(await warning.textContent()).toMatch(/^Frames are missing\. Lower the bitrate, or use a cable\./);
    // What a worker says of the composition.
    const { peerId, peers } = await stageOf(host);
    const people = [peerId, ...peers.map((peer) => peer.peerId)].map((id) => ({
      ...{ peerId: id, source: 'camera', received: 100, late: 7, dropped: 2 },
    }));
    const composition = { windowSec: 4, made: 118, skipped: 2, people };
    await web.tell({ type: 'stage.composed', sessionId: id, at: new Date().toISOString(), composition });
    expect(await figuresOf(host, 'arriving-camera', 'Late for the broadcast')).toMatchObject({
      ...{ 'Late for the broadcast': '7 (7%)', 'Unusable in the broadcast': '2 (2%)' },
    });
    const composed = await figuresOf(host, 'figures-broadcast', 'Left out in composing');
    expect(composed['Left out in composing']).toBe('2 (1.7%)');
    await host.getByText('The picture of You stutters in the broadcast.').waitFor();
    // All of it came by the socket.
    expect(asked).toEqual([]);

    // What a worker says is forgotten after half a minute.
    await tellHealth();
    await host.getByTestId('language').click();
    expect(await host.locator('html').getAttribute('dir')).toBe('rtl');
    const arabic = await figuresOf(host, 'figures-broadcast', 'إطارات ناقصة');
    expect(Object.keys(arabic)).toEqual(
      expect.arrayContaining([
        ...['معدل البت', 'حجم الصورة', 'الإطارات في الثانية', 'إطار مفتاحي كل'],
        ...['إطارات متأخرة', 'تخطاها الخادم'],
      ]),
    );
    expect(western(arabic['إطارات ناقصة'])).toMatch(/^50 \(/);
    expect(western(arabic['إطار مفتاحي كل'])).toBe('2 ث');
    expect(await warning.textContent()).toMatch(/^إطارات ناقصة\. خفّض معدل البت، أو استخدم كابلًا\./);
    const arriving = await figuresOf(host, 'arriving-camera', 'تفاوت الوصول');
    expect(Object.keys(arriving)).toEqual(
      expect.arrayContaining(['فقد الحزم', 'زمن الذهاب والإياب', 'إطارات ضائعة']),
    );
    await host.getByTestId('language').click();
    await host.getByText('Stream health').waitFor();
  });

  it('shows who speaks and how good the connection is', async () => {
    await guest.locator('[data-testid="tile"][data-speaking]').first().waitFor();
    await otherTile(host).getByTestId('network').waitFor();
  });

  it('shows a muted microphone and a camera that is off, and both again', async () => {
    await guest.getByTestId('toggle-microphone').click();
    await otherTile(host).getByTestId('tile-muted').waitFor();
    await guest.getByTestId('toggle-camera').click();
    await otherTile(host).getByTestId('tile-video').waitFor({ state: 'detached' });
    await guest.getByTestId('toggle-microphone').click();
    await guest.getByTestId('toggle-camera').click();
    await otherTile(host).getByTestId('tile-muted').waitFor({ state: 'detached' });
    await waitForMovingPicture(host);
  });

  it('lets the host mute somebody, who then can not unmute, and allow it again', async () => {
    await host.getByTestId('mute-person').click();
    await waitForStage(guest, 'the mute', ({ own }) => own.microphone?.mutedByHost === true);
    await guest.locator('[data-testid="toggle-microphone"]:disabled').waitFor();
    await guest.locator('[data-testid="stage-status"]', { hasText: /^The host muted you\.$/ }).waitFor();
    await host.getByTestId('mute-person').click();
    await waitForStage(guest, 'the leave to speak', ({ own }) => own.microphone?.mutedByHost === false);
    await waitForSound(host);
  });

  it('shares a screen with its sound, until it is stopped', async () => {
    await host.getByTestId('toggle-screen').click();
    await waitForMovingPicture(guest, '[data-kind="screen"] video');
    await waitForStage(guest, 'the sound of the screen', ({ producers }) =>
      ['screen', 'screenAudio'].every((wanted) => producers.some(({ source }) => source === wanted)),
    );
    await host.getByTestId('toggle-screen').click();
    await guest.locator('[data-kind="screen"]').waitFor({ state: 'detached' });
  });

  it('changes the microphone while on air', async () => {
    await host.locator('.studio-main summary').click();
    const picker = host.getByTestId('microphone-picker');
    const values = await picker
      .locator('option')
      .evaluateAll((all) => all.map((one) => one.getAttribute('value')));
    await picker.selectOption(values.at(-1) ?? '');
    await waitFor('the other microphone', async () => (await picker.inputValue()) === values.at(-1));
    await waitForSound(guest);
  });

  it('brings both to a viewer in real time, also one who is not signed in', async () => {
    const viewer = await web.visit(`/watch/${id}`, null);
    await viewer.getByTestId('mode-realtime').check({ force: true });
    await waitForMovingPicture(viewer);
    await waitForSound(viewer);
    await waitFor('both tiles', async () => (await viewer.getByTestId('tile').count()) === 2);
    expect((await stageOf(viewer)).role).toBe('viewer');
    // The others don't see who only watches.
    expect((await stageOf(host)).peers).toHaveLength(1);
    await viewer.context().close();
  });

  it('fits a phone and breaks no rule of accessibility, in both languages and colour schemes', async () => {
    for (const page of [host, guest]) {
      for (const scheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme: scheme });
        await page.getByTestId('language').click();
        await page.setViewportSize({ width: 360, height: 740 });
        const width = await page.evaluate(() => document.documentElement.scrollWidth);
        expect(width).toBeLessThanOrEqual(360);
        expect(await brokenRules(page)).toEqual([]);
      }
    }
  });

  it('puts out whom the host removes, who may ask again', async () => {
    await host.getByTestId('remove-person').click();
    await guest.getByTestId('ask-stage').waitFor();
    await waitForStage(host, 'an empty stage', ({ peers }) => peers.length === 0);
  });

  it('invites by name; the invitation is shown elsewhere, accepted, and leads on stage', async () => {
    await guest.goto(`${web.stack.web}/?camera=180`);
    await guest.getByTestId('live-list').or(guest.getByText('Nobody is live')).first().waitFor();
    await host.getByTestId('invite-name').fill('viewer');
    await host.getByTestId('invite').click();
    await guest.getByTestId('invitation-open').click();
    await guest.getByTestId('accept-invitation').click();
    await guest.getByTestId('prepare-stage').click();
    await guest.getByTestId('go-on-stage').click();
    await waitForMovingPicture(host);
  });

  it('lets a guest leave, and the host end it for everybody', async () => {
    await guest.getByTestId('leave-stage').click();
    await waitForStage(host, 'an empty stage', ({ peers }) => peers.length === 0);
    await host.getByTestId('end-session').click();
    await host.getByTestId('end-confirm').click();
    await host.getByTestId('studio-ended').waitFor();
    expect(web.pageErrors).toEqual([]);
    await host.context().close();
    await guest.context().close();
  });

  it('has rooms for sound alone: initials in place of pictures, and who speaks', async () => {
    const speaker = await web.goLive('audio');
    const listener = await web.visit(`/watch/${speaker.id}?mode=realtime`, null, { locale: 'ar' });
    await waitForSound(listener);
    const tile = listener.locator('[data-testid="tile"][data-speaking]');
    await tile.waitFor();
    expect(await tile.locator('video').count()).toBe(0);
    expect(await tile.locator('.tile-avatar').textContent()).toBe('B');
    expect(await speaker.host.getByTestId('toggle-camera').count()).toBe(0);
    expect((await stageOf(speaker.host)).own.camera).toBeUndefined();
  });
});
