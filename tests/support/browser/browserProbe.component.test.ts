import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Browser, Page } from 'playwright-core';
import { audioSource, videoSource } from '../publish/testPattern.ts';
import { waitFor } from '../waitFor.ts';
import { launchBrowser, StaticServer, VideoProbe } from './index.ts';

const run = promisify(execFile);
const pattern = { width: 320, height: 180, frameRate: 30 };

/** A clip of the beep-and-flash pattern whose sound is `delayMs` late. */
async function makeClip(path: string, delayMs: number): Promise<void> {
  const delay = delayMs > 0 ? `,adelay=${delayMs}:all=1` : '';
  await run('ffmpeg', [
    ...['-v', 'error', '-f', 'lavfi', '-i', videoSource(pattern)],
    ...['-f', 'lavfi', '-i', `${audioSource(pattern)}${delay}`],
    ...['-t', '8', '-c:v', 'libx264', '-preset', 'ultrafast', '-g', '30', '-pix_fmt', 'yuv420p'],
    ...['-c:a', 'aac', '-b:a', '96k', '-movflags', '+faststart', path],
  ]);
}

/** A clip with a picture that never changes and sound that is silent. */
async function makeDeadClip(path: string): Promise<void> {
  await run('ffmpeg', [
    ...[
      '-v',
      'error',
      '-f',
      'lavfi',
      '-i',
      'color=gray:size=320x180:rate=30',
      '-f',
      'lavfi',
      '-i',
      'anullsrc=r=48000',
    ],
    ...['-t', '6', '-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p', '-c:a', 'aac', path],
  ]);
}

describe('VideoProbe in Chromium', () => {
  let folder: string;
  let server: StaticServer;
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'maydan-probe-'));
    await Promise.all([
      makeClip(join(folder, 'inSync.mp4'), 0),
      makeClip(join(folder, 'late.mp4'), 200),
      makeDeadClip(join(folder, 'dead.mp4')),
      writeFile(join(folder, 'page.html'), '<!doctype html><video data-testid="video" loop></video>'),
    ]);
    server = await StaticServer.start(folder);
    browser = await launchBrowser();
  });

  afterAll(async () => {
    await browser?.close();
    await server?.close();
    await rm(folder, { recursive: true, force: true });
  });

  beforeEach(async () => {
    page = await browser.newPage({ viewport: { width: 400, height: 300 } });
    await page.goto(`${server.url}/page.html`);
  });

  afterEach(async () => page.close());

  async function play(clip: string): Promise<VideoProbe> {
    const probe = await VideoProbe.attach(page);
    await page.evaluate(async (src) => {
      const video = document.querySelector('video');
      if (!video) throw new Error('no video');
      video.src = src;
      await video.play();
    }, `${server.url}/${clip}`);
    return probe;
  }

  it('measures sound and picture that are together', async () => {
    const probe = await play('inSync.mp4');
    const offset = await probe.avOffset(4);
    expect(Math.abs(offset.medianMs)).toBeLessThan(40);
  });

  it('measures sound that is 200 ms late', async () => {
    const probe = await play('late.mp4');
    const offset = await probe.avOffset(4);
    expect(Math.abs(offset.medianMs - 200)).toBeLessThan(40);
  });

  it('sees the picture move and hears the beep', async () => {
    const probe = await play('inSync.mp4');
    // A machine under load drops pictures, those of a flash among them, and sound.
    const pictures = await waitFor('a flash', async () => {
      const seen = await probe.pictures(45);
      return seen.brightest > 200 && seen;
    });
    expect(pictures.distinct).toBeGreaterThan(10);
    expect(pictures.darkest).toBeLessThan(120);
    await waitFor('a beep', async () => (await probe.sound()).peak > 0.3);
  });

  it('tells a frozen picture and silence from a living stream', async () => {
    const probe = await play('dead.mp4');
    const pictures = await probe.pictures(45);
    expect(pictures.distinct).toBe(1);
    const sound = await probe.sound();
    expect(sound.peak).toBeLessThan(0.001);
    await expect(probe.avOffset(1, { timeoutMs: 3_000 })).rejects.toThrow('waited in vain');
  });
});
