import type { Page } from 'playwright-core';
import { StageHarness, waitForStage } from '../../web/src/testing/StageHarness.ts';
import { lumaOf, median } from '../../workers/src/stage/testing/watch.ts';
import { areaLuma } from '../support/browser/index.ts';
import { waitForNewerSegment } from '../support/playlists.ts';
import { WaysToWatch } from '../support/WaysToWatch.ts';
import { waitFor } from '../support/waitFor.ts';

/** Of a composed stage; two cores carry the browsers and the encoders. */
const canvas = { width: 480, height: 270 };
const smallPicture = { STAGE_HEIGHT: String(canvas.height), STAGE_FRAME_RATE: '12' };
/** Beside a shared screen the camera is small, in the middle of the right edge: above it there is nothing. */
const corner = { left: 0.8, top: 0, width: 0.2, height: 0.25 };
const middle = { left: 0.2, top: 0.35, width: 0.3, height: 0.3 };
const cameraWidth = 320;

/** What a browser sends is watched in every way, also by clients that aren't ours, and recorded. RTMP and WHIP: everyWay.test.ts. */
describe('to any way of watching, and the recording, comes', () => {
  let web: StageHarness;
  let ways: WaysToWatch;
  let host: Page;

  beforeAll(async () => {
    web = await StageHarness.start(['api', 'sfu', 'ingest', 'workers'], smallPicture);
    ways = new WaysToWatch(web.stack, web.browser);
  }, 180_000);
  afterEach(async () => host?.context().close());
  afterAll(async () => web?.close(), 60_000);

  it('the camera of a browser', async () => {
    ({ host } = await web.goLive());
    const watched = { session: await web.stack.waitForLive(60_000), tile: 'person' } as const;
    await ways.all(watched);
    await ways.recording(watched);
  }, 180_000);

  it('the screen that a browser shares', async () => {
    ({ host } = await web.goLive());
    await host.getByTestId('toggle-screen').click();
    await waitForStage(host, 'the screen on air', ({ own }) =>
      Boolean(own.screen?.producerId && own.screenAudio?.producerId),
    );
    const watched = { session: await web.stack.waitForLive(60_000), tile: 'screen' } as const;
    await waitForNewerSegment(watched.session.playback.hlsUrl, 2);
    await ways.lowLatency(watched, async (page) => {
      const video = page.getByTestId('video');
      await waitFor(
        'the screen, large, and the camera beside it',
        async () => (await areaLuma(video, corner)) < 30 && (await areaLuma(video, middle)) > 40,
        { timeoutMs: 30_000 },
      );
    });
    await ways.plain(watched);
    expect(await ways.whep(watched)).toBeGreaterThan(cameraWidth);
    await ways.realTime(watched);
    await ways.recording(watched);
    const recorded = async (area: typeof corner): Promise<number> => {
      const lumas = await lumaOf(watched.session.playback.hlsUrl, {
        ...{ x: area.left * canvas.width, y: area.top * canvas.height },
        ...{ width: area.width * canvas.width, height: area.height * canvas.height },
      });
      return median(lumas.map(({ luma }) => luma));
    };
    expect(await recorded(corner)).toBeLessThan(45);
    expect(await recorded(middle)).toBeGreaterThan(50);
  }, 180_000);

  it('a room of sound alone', async () => {
    ({ host } = await web.goLive('audio'));
    const watched = { session: await web.stack.waitForLive(60_000), tile: null };
    await ways.all(watched);
    await ways.recording(watched);
    expect(web.pageErrors).toEqual([]);
  }, 180_000);
});
