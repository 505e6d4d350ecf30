import { chromium } from 'playwright-core';
import type { Browser } from 'playwright-core';
import { chromiumPath } from '@maydan/infra';

/** Flags that work as root without a display; sound and picture run without a gesture. */
const flags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--use-fake-device-for-media-stream',
  '--use-fake-ui-for-media-stream',
  // A page that another covers must not be slowed down while it is measured.
  '--disable-background-timer-throttling',
  '--disable-renderer-backgrounding',
  '--disable-backgrounding-occluded-windows',
];
const noGesture = '--autoplay-policy=no-user-gesture-required';

export interface LaunchOptions {
  /** True: the browser holds sound back until a gesture, as a viewer's browser does. */
  readonly autoplayNeedsGesture?: boolean;
}

/**
 * The real Chromium of the system, headless. It ends with `close()`, and in any case with this process.
 * Throws when no Chromium is installed (`npm run setup` brings one).
 */
export async function launchBrowser(options: LaunchOptions = {}): Promise<Browser> {
  const executablePath = chromiumPath();
  if (executablePath === null) throw new Error('Chromium is not installed, or set CHROMIUM_PATH');
  const autoplay = options.autoplayNeedsGesture
    ? '--autoplay-policy=document-user-activation-required'
    : noGesture;
  return chromium.launch({
    executablePath,
    args: [...flags, autoplay],
    // Playwright mutes headless browsers; silence would then be measured everywhere.
    ignoreDefaultArgs: ['--mute-audio'],
  });
}

/** Runs `work` with a browser and closes it in any case. */
export async function withBrowser<T>(
  work: (browser: Browser) => Promise<T>,
  options: LaunchOptions = {},
): Promise<T> {
  const browser = await launchBrowser(options);
  try {
    return await work(browser);
  } finally {
    await browser.close();
  }
}
