import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Session } from '@maydan/contracts';
import type { Browser, Page } from 'playwright-core';
import { waitForSound } from '../../web/src/testing/StageHarness.ts';
import { VideoProbe } from './browser/VideoProbe.ts';
import { checkMedia, type MediaReport } from './mediaCheck.ts';
import { waitForNewerSegment } from './playlists.ts';
import type { TestStack } from './TestStack.ts';
import { waitFor } from './waitFor.ts';
import { startAiortcPlayer } from './whip/clients.ts';

const run = promisify(execFile);

export interface Watched {
  readonly session: Session;
  /** Which tile shows it in real time; `null`: there is only sound. */
  readonly tile: 'person' | 'screen' | null;
}

/** Whole segments are played from the third last on. */
const plainSec = 4;
/** A busy machine may make a player wait for data once more. */
const patience = { timeoutMs: 30_000 };

/** All ways in which viewers get a session; each looks at pixels and listens, and throws when there is nothing to see or hear. */
export class WaysToWatch {
  readonly #stack: TestStack;
  readonly #browser: Browser;

  constructor(stack: TestStack, browser: Browser) {
    this.#stack = stack;
    this.#browser = browser;
  }

  /** Our page with hls.js, near the live edge: it plays parts. `look` may look closer at it. */
  async lowLatency({ session, tile }: Watched, look?: (page: Page) => Promise<void>): Promise<void> {
    await this.#visit(`/watch/${session.id}`, async (page) => {
      const probe = await VideoProbe.attach(page);
      if (tile !== null)
        await waitFor('a moving picture', async () => (await probe.pictures(20)).distinct > 5, patience);
      await waitFor('sound', async () => (await probe.sound()).rms > 0.01, patience);
      await look?.(page);
      const loaded = await page.evaluate(() =>
        performance.getEntriesByType('resource').map(({ name }) => name),
      );
      expect(loaded).toContainEqual(expect.stringMatching(/\.p\d+\.m4s/));
    });
  }

  /** ffmpeg, which knows nothing of parts: whole segments. */
  async plain({ session, tile }: Watched): Promise<MediaReport> {
    const folder = await mkdtemp(join(tmpdir(), 'maydan-plain-'));
    try {
      const file = join(folder, 'played.mkv');
      await run('ffmpeg', [
        ...['-v', 'error', '-nostdin', '-i', session.playback.hlsUrl, '-t', String(plainSec)],
        ...[...(tile === null ? [] : ['-map', '0:v:0']), '-map', '0:a:0', '-c', 'copy', file],
      ]);
      const report = await checkMedia(file);
      expect(report.durationSec).toBeGreaterThan(plainSec - 1);
      expectMedia(report, tile !== null);
      return report;
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  /** aiortc by WHEP. Returns the width of its picture. */
  async whep({ session, tile }: Watched): Promise<number> {
    const { token, whepUrl } = await this.#stack.visitor.stage.join({ id: session.id, role: 'viewer' });
    const player = await startAiortcPlayer(whepUrl, token);
    const last = (name: string): number => Number(player.last(name) ?? 0);
    try {
      // Not while a test pattern flashes: then there is no contrast.
      const isSeen = (): boolean => last('frames') > 20 && last('contrast') > 5;
      await waitFor(
        'picture and sound by WHEP',
        () => (tile === null || isSeen()) && last('samples') > 48_000 && last('peak') > 1_000,
        patience,
      );
      return last('width');
    } catch (cause) {
      const names = ['frames', 'width', 'brightness', 'contrast', 'samples', 'peak'];
      const said = JSON.stringify(Object.fromEntries(names.map((name) => [name, last(name)])));
      throw new Error(`the WHEP player said ${said}`, { cause });
    } finally {
      await player.kill();
    }
  }

  /** Our page in real time, with mediasoup-client. */
  async realTime({ session, tile }: Watched): Promise<void> {
    await this.#visit(`/watch/${session.id}?mode=realtime`, async (page) => {
      if (tile !== null) {
        const probe = await VideoProbe.attach(page, `[data-kind="${tile}"] [data-testid="tile-video"]`);
        await waitFor('a moving picture', async () => (await probe.pictures(30)).distinct > 10, patience);
      }
      await waitForSound(page);
    });
  }

  /** Every way, one after the other: two cores carry no more. */
  async all(watched: Watched): Promise<void> {
    await waitForNewerSegment(watched.session.playback.hlsUrl, 2);
    await this.lowLatency(watched);
    await this.plain(watched);
    await this.whep(watched);
    await this.realTime(watched);
  }

  /** The host ends it, and the recording is played to its last frame. */
  async recording({ session, tile }: Watched): Promise<MediaReport> {
    const api = await this.#stack.broadcaster();
    await api.sessions.end({ id: session.id });
    await this.#stack.waitForState(session.id, 'ended', 60_000);
    const report = await checkMedia(session.playback.hlsUrl);
    expect(report.durationSec).toBeGreaterThan(5);
    expectMedia(report, tile !== null);
    return report;
  }

  async #visit(path: string, watch: (page: Page) => Promise<void>): Promise<void> {
    const page = await this.#browser.newPage({ viewport: { width: 600, height: 400 } });
    try {
      await page.goto(`${this.#stack.web}${path}`);
      await watch(page);
    } finally {
      await page.close();
    }
  }
}

function expectMedia(report: MediaReport, hasPicture: boolean): void {
  expect(report.decodeErrors).toEqual([]);
  expect(report.streams.some(({ type }) => type === 'audio')).toBe(true);
  expect(report.streams.some(({ type }) => type === 'video')).toBe(hasPicture);
  expect(report.maxVolumeDb).toBeGreaterThan(-30);
  // A stage begins with who is on it, as a name, until the first picture of them is there.
  const movingSec = report.durationSec - report.stillAtStartSec;
  expect(movingSec).toBeGreaterThan(3);
  expect(report.stillLaterSec).toBeLessThan(movingSec / 4);
}
