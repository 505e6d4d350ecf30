import { rm } from 'node:fs/promises';
import { createLogger, createRedis } from '@maydan/common';
import { fact, factStream, type HealthWarning, type StreamHealth } from '@maydan/contracts';
import type { ServiceName } from '@maydan/infra';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { launchBrowser } from '../../../tests/support/browser/launchBrowser.ts';
import { TestStack } from '../../../tests/support/TestStack.ts';
import { waitFor } from '../../../tests/support/waitFor.ts';
import type { MaydanStageProbe } from '../stage/debug.ts';
import type { StageState } from '../stage/stageState.ts';
import { buildPage } from './buildPage.ts';

declare global {
  interface Window {
    readonly maydanStage?: MaydanStageProbe;
  }
}

/** Small pictures: several browsers encode in software here. */
const small = 'camera=180';

/** The page as built now, on a whole Maydan with a real sfu, and a browser with a fake camera and microphone. */
export class StageHarness {
  readonly stack: TestStack;
  readonly browser: Browser;
  /** Errors that pages logged: policy violations, uncaught exceptions. */
  readonly pageErrors: string[] = [];
  readonly #page: string;

  /** Nobody composes the stage unless `services` says so: encoders would take the cores from the browsers. */
  static async start(
    services: readonly ServiceName[] = ['api', 'sfu'],
    env: NodeJS.ProcessEnv = {},
  ): Promise<StageHarness> {
    const page = await buildPage();
    const stack = await TestStack.start({ env: { WEB_ROOT: page, ...env }, services });
    try {
      return new StageHarness(page, stack, await launchBrowser());
    } catch (error) {
      await stack.close();
      throw error;
    }
  }

  private constructor(page: string, stack: TestStack, browser: Browser) {
    this.#page = page;
    this.stack = stack;
    this.browser = browser;
  }

  /** A page in a profile of its own; signed in as a seeded user when a name is given. */
  async visit(path: string, user: string | null, options: BrowserContextOptions = {}): Promise<Page> {
    const context = await this.browser.newContext({ viewport: { width: 600, height: 400 }, ...options });
    if (user !== null) {
      const { username, password } = this.stack.user(user);
      const { accessToken, refreshToken, expiresInSec } = await this.stack.visitor.auth.login({
        login: username,
        password,
      });
      const stored = JSON.stringify({
        accessToken,
        refreshToken,
        expiresAtMs: Date.now() + expiresInSec * 1000,
      });
      // Only at first: a later navigation must find what the page itself has stored.
      await context.addInitScript((text) => {
        if (localStorage.getItem('maydan.account') === null) localStorage.setItem('maydan.account', text);
      }, stored);
    }
    const page = await context.newPage();
    // Several browsers encode and decode in software, often on two cores.
    page.setDefaultTimeout(40_000);
    page.on('pageerror', (error) => this.pageErrors.push(error.message));
    page.on('console', (message) => {
      if (/Content Security Policy|Refused to/.test(message.text())) this.pageErrors.push(message.text());
    });
    const mark = path.includes('?') ? '&' : '?';
    await page.goto(`${this.stack.web}${path}${mark}${small}`);
    return page;
  }

  /** The host goes live from the studio; returns the page and the session's id. */
  async goLive(type: 'video' | 'audio' = 'video', options: BrowserContextOptions = {}) {
    const host = await this.visit('/studio', 'broadcaster', options);
    await host.getByTestId(`studio-type-${type}`).check({ force: true });
    await host.getByTestId('studio-go-live').click();
    await host.waitForURL(/session=/);
    const id = new URL(host.url()).searchParams.get('session') ?? '';
    await waitForStage(host, 'the host to be connected', ({ connection }) => connection === 'connected');
    return { host, id };
  }

  /** A harness whose host is live, and a signed-in viewer who watches. */
  static async startLive(env: NodeJS.ProcessEnv = {}) {
    const web = await StageHarness.start(undefined, env);
    try {
      const { host, id } = await web.goLive();
      return { web, host, id, guest: await web.visit(`/watch/${id}`, 'viewer') };
    } catch (error) {
      await web.close();
      throw error;
    }
  }

  /** Somebody asks for the stage, the host lets them in, and they go. */
  async comeOnStage(host: Page, guest: Page): Promise<void> {
    await guest.getByTestId('ask-stage').click();
    await host.getByTestId('seat-admit').click();
    await guest.getByTestId('prepare-stage').click();
    await guest.getByTestId('go-on-stage').click();
    await waitForStage(guest, 'the guest to be on stage', ({ role, own }) =>
      Boolean(role === 'cohost' && own.microphone?.producerId),
    );
  }

  /** What a worker tells of the stream of a session, as a fact. */
  async tellHealth(
    sessionId: string,
    health: Pick<StreamHealth, 'video' | 'frames' | 'inputBitrateBps'> & {
      readonly warnings: readonly HealthWarning['code'][];
    },
  ): Promise<void> {
    const at = new Date().toISOString();
    const warnings = health.warnings.map((code) => ({ code, owner: 'source', message: code, since: at }));
    const rest = { audio: null, encoderSpeed: 1, renditions: ['720p', 'audio'], uploadLagBytes: 0 };
    await this.tell({ type: 'live.health', sessionId, at, health: { ...rest, ...health, at, warnings } });
  }

  /** A fact, as a service tells it that doesn't run here. */
  async tell(told: Readonly<Record<string, unknown>>): Promise<void> {
    const redis = createRedis(this.stack.stack.redisUrl, createLogger('test', 'silent'));
    try {
      await redis.xadd(factStream, '*', 'fact', JSON.stringify(fact.parse(told)));
    } finally {
      redis.disconnect();
    }
  }

  async close(): Promise<void> {
    await this.browser.close();
    await this.stack.close();
    await rm(this.#page, { recursive: true, force: true });
  }
}

/** Figures of the studio by their names, once `name` is among them. */
export async function figuresOf(page: Page, testId: string, name: string): Promise<Record<string, string>> {
  const figures = page.getByTestId(testId).first();
  await figures.locator('dt', { hasText: name }).first().waitFor();
  return figures.evaluate((element) =>
    Object.fromEntries(
      [...element.querySelectorAll('dl > div')].map((row) => [
        row.querySelector('dt')?.textContent ?? '',
        row.querySelector('dd')?.textContent ?? '',
      ]),
    ),
  );
}

export async function stageOf(page: Page): Promise<StageState> {
  return page.evaluate(() => {
    if (!window.maydanStage) throw new Error(`there is no stage; the page says ${document.body.innerText}`);
    return window.maydanStage.state;
  });
}

/** Waits until the stage is as wanted, and says how it was when it never became so. */
export async function waitForStage(
  page: Page,
  what: string,
  wanted: (state: StageState) => boolean,
  timeoutMs = 60_000,
): Promise<StageState> {
  let last: StageState | undefined;
  try {
    return await waitFor(
      what,
      async () => {
        last = await stageOf(page);
        return wanted(last) && last;
      },
      { timeoutMs },
    );
  } catch (error) {
    throw new Error(`waited in vain for ${what}; the stage was ${JSON.stringify(last)}`, { cause: error });
  }
}

/**
 * Waits until somebody who had joined so many times has joined again by themselves, sends their camera and receives so many
 * tracks. Returns when that was, in ms of this machine's clock.
 */
export async function waitForReturn(page: Page, joinsBefore: number, tracks: number): Promise<number> {
  await waitForStage(
    page,
    'the return',
    ({ connection, joins, own, received }) =>
      connection === 'connected' &&
      joins > joinsBefore &&
      typeof own.camera?.producerId === 'string' &&
      Object.keys(received).length === tracks,
  );
  return Date.now();
}

const timeoutMs = 45_000;

/** A number that changes with the picture; null before the first one. */
function pictureSum(video: HTMLVideoElement): number | null {
  if (video.readyState < 2 || video.videoWidth === 0) return null;
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [64, 36];
  const context = canvas.getContext('2d');
  if (!context) return null;
  context.drawImage(video, 0, 0, 64, 36);
  const { data } = context.getImageData(0, 0, 64, 36);
  return data.reduce((sum, value, index) => (sum * 31 + value * (index % 7)) % 1_000_003, 0);
}

/** What a page knows of its pictures, for the message of a wait that was in vain. */
async function picturesOf(page: Page): Promise<string> {
  const told = await page.evaluate(async () => ({
    state: window.maydanStage?.state,
    stats: await window.maydanStage?.stats(),
    videos: [...document.querySelectorAll('video')].map((video) => ({
      of: video.dataset['testid'],
      readyState: video.readyState,
      size: [video.videoWidth, video.videoHeight],
      timeSec: video.currentTime,
      paused: video.paused,
    })),
  }));
  return JSON.stringify(told);
}

/** Waits until a received picture moves: its time goes on and its pixels change. */
export async function waitForMovingPicture(
  page: Page,
  selector = '[data-testid="tile-video"]',
): Promise<void> {
  const video = page.locator(selector).first();
  const look = () => video.evaluate((element) => ({ timeSec: (element as HTMLVideoElement).currentTime }));
  const sum = () => video.evaluate(pictureSum as (element: Element) => number | null);
  try {
    const first = await waitFor('a picture', async () => (await sum()) ?? undefined, { timeoutMs });
    const { timeSec } = await look();
    await waitFor(
      'a moving picture',
      async () => (await sum()) !== first && (await look()).timeSec > timeSec + 0.5,
      { timeoutMs },
    );
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`${message}; the page had ${await picturesOf(page)}`, { cause });
  }
}

/** Waits until sound is received; the fake microphone beeps once a second. */
export async function waitForSound(page: Page): Promise<void> {
  const isHeard = () =>
    page.evaluate(async () => {
      const stats = await window.maydanStage?.stats();
      return Object.values(stats?.receiving ?? {}).some(({ audioLevel }) => (audioLevel ?? 0) > 0.01);
    });
  try {
    await waitFor('sound', isHeard, { timeoutMs });
  } catch (cause) {
    const had = await page.evaluate(async () =>
      JSON.stringify([await window.maydanStage?.stats(), window.maydanStage?.state]),
    );
    throw new Error(`no sound; the page had ${had}`, { cause });
  }
}
