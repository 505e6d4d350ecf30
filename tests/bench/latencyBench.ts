import type { Page } from 'playwright-core';
import { launchBrowser } from '../support/browser/launchBrowser.ts';
import { waitForNewerSegment } from '../support/playlists.ts';
import { TestStack } from '../support/TestStack.ts';
import { waitFor } from '../support/waitFor.ts';
import { median, percentile, printRows } from './measure.ts';
import { TimestampPublisher } from './TimestampPublisher.ts';
import { sampleLatencies } from './samplePictures.ts';

const size = { width: 640, height: 360, frameRate: 30 };
const settleMs = 10_000;
const sampleMs = 30_000;

/** From opening the page to the first picture shown. */
async function openToFirstPictureMs(page: Page, address: string): Promise<number> {
  const startedAt = performance.now();
  await page.goto(address, { waitUntil: 'commit' });
  await page.waitForFunction(
    () => {
      const video = document.querySelector('video');
      return (
        video !== null &&
        video.currentTime > 0 &&
        video.readyState >= 2 &&
        video.getVideoPlaybackQuality().totalVideoFrames > 0
      );
    },
    undefined,
    { timeout: 30_000, polling: 'raf' },
  );
  return performance.now() - startedAt;
}

/** From starting the publish to the first part of every playlist answered. */
async function publishToPartMs(stack: TestStack, startedAt: number): Promise<{ ms: number; hlsUrl: string }> {
  const hlsUrl = await waitFor(
    'the playback',
    async () => {
      const { live } = await stack.visitor.channels.get({ username: stack.broadcasterName });
      if (live === null) return undefined;
      const multivariant = await fetch(live.playback.hlsUrl);
      if (!multivariant.ok) return undefined;
      const name = /^[^#\s].*\.m3u8$/m.exec(await multivariant.text())?.[0];
      if (name === undefined) return undefined;
      const playlist = await fetch(new URL(name, live.playback.hlsUrl));
      const part = /#EXT-X-PART:.*URI="([^"]+)"/.exec(playlist.ok ? await playlist.text() : '')?.[1];
      if (part === undefined) return undefined;
      const media = await fetch(new URL(part, new URL(name, live.playback.hlsUrl)));
      return media.ok && (await media.arrayBuffer()).byteLength > 0 ? live.playback.hlsUrl : undefined;
    },
    { timeoutMs: 30_000, everyMs: 20 },
  );
  return { ms: performance.now() - startedAt, hlsUrl };
}

interface Round {
  readonly latenciesMs: number[];
  readonly firstPartMs: number;
  readonly firstPictureMs: number;
  readonly unreadable: number;
}

async function measureRound(): Promise<Round> {
  const stack = await TestStack.start();
  const browser = await launchBrowser();
  const startedAt = performance.now();
  const publisher = new TimestampPublisher({ url: stack.publishUrl(), ...size });
  try {
    const { ms: firstPartMs } = await publishToPartMs(stack, startedAt);
    // A viewer of a running session; in the first two seconds hls.js waits for the first whole segment.
    const { playback } = await stack.waitForLive();
    await waitForNewerSegment(playback.hlsUrl, 2);
    const page = await browser.newPage({ viewport: { width: 800, height: 600 } });
    const firstPictureMs = await openToFirstPictureMs(page, `${stack.web}/@${stack.broadcasterName}`);
    await new Promise((resolve) => setTimeout(resolve, settleMs));
    return { ...(await sampleLatencies(page, sampleMs)), firstPartMs, firstPictureMs };
  } finally {
    await publisher.stop();
    await browser.close();
    await stack.close();
  }
}

/** Glass to glass: from the moment a picture is made to the moment Chromium shows it. */
export async function run(rounds = 3): Promise<boolean> {
  const results: Round[] = [];
  for (let round = 0; round < rounds; round++) {
    const result = await measureRound();
    results.push(result);
    const { latenciesMs, firstPartMs, firstPictureMs, unreadable } = result;
    console.log(
      `round ${round + 1}: median ${Math.round(median(latenciesMs))} ms, p95 ${Math.round(percentile(latenciesMs, 95))} ms of ` +
        `${latenciesMs.length} pictures (${unreadable} unreadable), first part ${Math.round(firstPartMs)} ms, first picture ${Math.round(firstPictureMs)} ms`,
    );
  }
  const row = (name: string, valueMs: number, barMs: number) => ({
    name: `${name}, median of ${rounds}`,
    value: `${Math.round(valueMs)} ms`,
    bar: `≤ ${barMs} ms`,
    ok: valueMs <= barMs,
  });
  const rowsOfTable = [
    row('glass to glass, median', median(results.map((result) => median(result.latenciesMs))), 2_000),
    row(
      'glass to glass, 95th percentile',
      median(results.map((result) => percentile(result.latenciesMs, 95))),
      3_000,
    ),
    row('publish to first part', median(results.map((result) => result.firstPartMs)), 3_000),
    row('opening the page to first picture', median(results.map((result) => result.firstPictureMs)), 1_500),
  ];
  printRows('latency', rowsOfTable);
  return rowsOfTable.every(({ ok }) => ok);
}
