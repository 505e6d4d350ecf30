import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { launchBrowser } from '../../../tests/support/browser/launchBrowser.ts';
import type { LaunchOptions } from '../../../tests/support/browser/launchBrowser.ts';
import { StaticServer } from '../../../tests/support/browser/StaticServer.ts';
import { waitFor } from '../../../tests/support/waitFor.ts';
import type { MaydanProbe, PlayerStats } from '../player/debug.ts';
import { buildPage } from './buildPage.ts';
import { makeRecording } from './fixtures.ts';
import { TestSite } from './TestSite.ts';

declare global {
  interface Window {
    readonly maydan?: MaydanProbe;
    /** Where media began to play, and where it was sought to, in order. */
    maydanMoves?: { readonly type: string; readonly positionSec: number }[];
  }
}

export interface HarnessOptions extends LaunchOptions {
  /** Makes a recording with ffmpeg and serves it at `mediaUrl`. */
  readonly recording?: boolean;
}

/** The built page, a site that serves it, a browser, and a recording: what component tests of the page share. */
export class WebHarness {
  private readonly folder: string;
  private readonly closers: (() => Promise<unknown>)[] = [];
  site!: TestSite;
  browser!: Browser;
  media: StaticServer | null = null;
  /** While set the media server answers everything with this status. */
  mediaStatus: number | null = null;
  /** Errors that pages logged: policy violations, uncaught exceptions. */
  readonly pageErrors: string[] = [];

  static async start(options: HarnessOptions = {}): Promise<WebHarness> {
    const folder = await mkdtemp(join(tmpdir(), 'maydan-media-'));
    const created = new WebHarness(folder);
    try {
      await created.open(options);
      return created;
    } catch (error) {
      await created.close();
      throw error;
    }
  }

  private constructor(folder: string) {
    this.folder = folder;
    this.closers.push(() => rm(folder, { recursive: true, force: true }));
  }

  private async open(options: HarnessOptions): Promise<void> {
    const page = await buildPage();
    this.closers.push(() => rm(page, { recursive: true, force: true }));
    this.site = await TestSite.start(page);
    this.closers.push(() => this.site.close());
    if (options.recording) {
      await makeRecording(this.folder);
      const media = await StaticServer.start(this.folder, (_request, response) => {
        if (this.mediaStatus !== null) response.writeHead(this.mediaStatus).end();
        return this.mediaStatus !== null;
      });
      this.media = media;
      this.closers.push(() => media.close());
    }
    this.browser = await launchBrowser(options);
    this.closers.push(() => this.browser.close());
  }

  get mediaUrl(): string {
    return this.media?.url ?? '';
  }

  /** A page in a profile of its own, already at `path`. */
  async visit(path: string, options: BrowserContextOptions = {}): Promise<Page> {
    const context = await this.browser.newContext({ viewport: { width: 800, height: 600 }, ...options });
    await context.addInitScript(() => {
      const moves: { type: string; positionSec: number }[] = (window.maydanMoves = []);
      const note = ({ type, target }: Event): void => {
        if (target instanceof HTMLMediaElement) moves.push({ type, positionSec: target.currentTime });
      };
      for (const type of ['playing', 'seeking']) document.addEventListener(type, note, true);
    });
    const page = await context.newPage();
    page.setDefaultTimeout(40_000);
    page.on('pageerror', (error) => this.pageErrors.push(error.message));
    page.on('console', (message) => {
      if (/Content Security Policy|Refused to/.test(message.text())) this.pageErrors.push(message.text());
    });
    await page.goto(`${this.site.url}${path}`);
    return page;
  }

  async close(): Promise<void> {
    for (const closer of this.closers.splice(0).reverse()) await closer();
  }
}

/** The player's figures; throws while there is no player. */
export async function statsOf(page: Page): Promise<PlayerStats> {
  return page.evaluate(() => {
    if (!window.maydan) throw new Error('there is no player');
    return window.maydan.stats();
  });
}

/** Waits until the player's figures are as wanted and returns them. */
export async function waitForStats(
  page: Page,
  what: string,
  wanted: (stats: PlayerStats) => boolean,
  timeoutMs = 60_000,
): Promise<PlayerStats> {
  let last: PlayerStats | undefined;
  try {
    return await waitFor(
      what,
      async () => {
        last = await statsOf(page);
        return wanted(last) && last;
      },
      { timeoutMs },
    );
  } catch (error) {
    throw new Error(`waited in vain for ${what}; the player was at ${JSON.stringify(last)}`, {
      cause: error,
    });
  }
}

/**
 * Where the page's media began to play, or was sought to, so far: as the page saw it at that moment. By the time it is asked, it has
 * played on.
 */
export function movesOf(page: Page, type: 'playing' | 'seeking'): Promise<number[]> {
  return page.evaluate(
    (of) => (window.maydanMoves ?? []).filter((move) => move.type === of).map((move) => move.positionSec),
    type,
  );
}

/** Where the page's media begins to play next, after `act`. */
export async function playsFrom(page: Page, act: () => Promise<unknown>): Promise<number> {
  const { length: before } = await movesOf(page, 'playing');
  await act();
  return waitFor('playback', async () => (await movesOf(page, 'playing'))[before]);
}

/** Waits until playback moves on by `seconds`. */
export async function waitForProgress(page: Page, seconds = 1): Promise<void> {
  const { positionSec } = await statsOf(page);
  await waitForStats(page, 'progress', (stats) => stats.positionSec >= positionSec + seconds);
}

/** Shows the controls as a viewer does: by moving the mouse over the picture. */
export async function wakeControls(page: Page): Promise<void> {
  const box = await page.getByTestId('player').boundingBox();
  if (!box) throw new Error('there is no player');
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 3);
  await page.mouse.move(box.x + box.width / 2 + 20, box.y + box.height / 3);
}

/** Opens the quality menu and chooses an entry. */
export async function chooseQuality(page: Page, id: string): Promise<void> {
  await wakeControls(page);
  await page.getByTestId('quality').click();
  await page.locator(`[data-quality="${id}"]`).click();
}
