import type { Page } from 'playwright-core';
import { waitFor } from '../waitFor.ts';
import { avOffset } from './avOffset.ts';
import type { AvOffset } from './avOffset.ts';
import { installPageProbe } from './pageProbe.ts';
import type { FrameSample, ProbeReading } from './pageProbe.ts';

export interface PictureReport {
  readonly frames: readonly FrameSample[];
  /** Pictures that look different from each other: 1 is a frozen picture. */
  readonly distinct: number;
  readonly darkest: number;
  readonly brightest: number;
}

export interface SoundReport {
  /** Loudest stretch (about 30 ms), root mean square, 1 = full scale; under 0.001 is silence. */
  readonly rms: number;
  readonly peak: number;
}

interface WaitOptions {
  readonly timeoutMs?: number;
}

/**
 * Looks at and listens to a playing video of a page. It takes over the element's sound (Web Audio), once per
 * element; the page must not be muted. Make one after the video exists and keep it while measuring.
 */
export class VideoProbe {
  private readonly page: Page;

  private constructor(page: Page) {
    this.page = page;
  }

  static async attach(page: Page, selector = '[data-testid="video"]'): Promise<VideoProbe> {
    await page.waitForSelector(selector, { state: 'attached' });
    await page.evaluate(installPageProbe, selector);
    return new VideoProbe(page);
  }

  /** What was seen and heard after a moment of the page's clock. */
  async read(sinceMs = 0): Promise<ProbeReading> {
    return this.page.evaluate((since) => {
      if (!window.maydanProbe) throw new Error('the page was reloaded: attach the probe again');
      return window.maydanProbe.read(since);
    }, sinceMs);
  }

  /** The next `count` pictures. Throws when they don't come in time. */
  async pictures(count: number, { timeoutMs = 60_000 }: WaitOptions = {}): Promise<PictureReport> {
    const { nowMs } = await this.read();
    const frames = await waitFor(
      `${count} pictures`,
      async () => {
        const reading = await this.read(nowMs);
        return reading.frames.length >= count && reading.frames;
      },
      { timeoutMs },
    );
    const levels = frames.map((frame) => frame.brightness);
    const distinct = new Set(frames.map((frame) => frame.hash)).size;
    return { frames, distinct, darkest: Math.min(...levels), brightest: Math.max(...levels) };
  }

  /** The loudest that is heard within the next `durationMs` of the page's clock. */
  async sound(durationMs = 1_500): Promise<SoundReport> {
    const { nowMs } = await this.read();
    const { sounds } = await waitFor(
      'sound samples',
      async () => {
        const reading = await this.read(nowMs);
        return reading.nowMs - nowMs >= durationMs && reading.sounds.length > 0 && reading;
      },
      { timeoutMs: durationMs + 30_000 },
    );
    return {
      rms: Math.max(...sounds.map((sound) => sound.rms)),
      peak: Math.max(...sounds.map((sound) => sound.peak)),
    };
  }

  /**
   * Offset of sound and picture of the beep-and-flash pattern (see testPattern.ts) over at least `pairs` pairs (one
   * a second; more when this machine drops pictures), in the media's own time: what is measured is the stream, not
   * the load of this machine.
   */
  async avOffset(pairs = 4, { timeoutMs = 60_000 }: WaitOptions = {}): Promise<AvOffset> {
    const { nowMs } = await this.read();
    return waitFor(
      `${pairs} pairs of flash and beep`,
      async () => {
        const reading = await this.read(nowMs);
        const offset = avOffset(reading.frames, reading.beeps, pairs);
        return offset.offsetsMs.length > 0 && offset;
      },
      { timeoutMs, everyMs: 250 },
    );
  }
}
