/// <reference lib="dom" />
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { IceServer } from '@maydan/contracts';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { waitFor } from '../waitFor.ts';
import type { Gathered, Received, VideoCodec } from './stageClient.ts';

const run = promisify(execFile);
let bundled: Promise<string> | undefined;

/** The bundler's native part doesn't work within jest, so it runs beside. */
async function bundle(): Promise<string> {
  const main = fileURLToPath(new URL('bundleMain.ts', import.meta.url));
  const { stdout } = await run(process.execPath, [main], { maxBuffer: 10 * 1024 * 1024 });
  return stdout;
}

/** A page of a real browser whose participant is driven by a test. */
export class StagePage {
  readonly page: Page;

  /**
   * @param url The sfu's; the page is of its origin, under the name that browsers trust with a camera.
   * @param iceTransportPolicy `relay`: all its media goes by TURN.
   */
  static async open(
    browser: Browser | BrowserContext,
    url: string,
    iceTransportPolicy: 'all' | 'relay' = 'all',
  ): Promise<StagePage> {
    bundled ??= bundle();
    const content = await bundled;
    const page = await browser.newPage();
    await page.goto(url.replace('127.0.0.1', 'localhost'));
    await page.addScriptTag({ content });
    await page.evaluate((policy) => (window.stageClient.iceTransportPolicy = policy), iceTransportPolicy);
    return new StagePage(page);
  }

  private constructor(page: Page) {
    this.page = page;
  }

  join(url: string, token: string): Promise<{ resumed: boolean; peerId: string }> {
    return this.page.evaluate(([to, with_]) => window.stageClient.join(to, with_), [url, token] as const);
  }

  drop(): Promise<void> {
    return this.page.evaluate(() => window.stageClient.drop());
  }

  restartIce(): Promise<void> {
    return this.page.evaluate(() => window.stageClient.restartIce());
  }

  /** Ids of camera and microphone. */
  publish(codec: VideoCodec, tcpOnly = false): Promise<string[]> {
    return this.page.evaluate(([name, tcp]) => window.stageClient.publish(name, tcp), [
      codec,
      tcpOnly,
    ] as const);
  }

  /** What is sent, or received, from now on goes through a relay at this port. */
  relayAt(direction: 'send' | 'receive', port: number): Promise<void> {
    return this.page.evaluate(([way, at]) => void (window.stageClient.relayPorts[way] = at), [
      direction,
      port,
    ] as const);
  }

  receive(producerId: string): Promise<string> {
    return this.page.evaluate((id) => window.stageClient.receive(id), producerId);
  }

  setSize(consumerId: string, width: number, height: number): Promise<void> {
    return this.page.evaluate(([id, w, h]) => window.stageClient.setSize(id, w, h), [
      consumerId,
      width,
      height,
    ] as const);
  }

  received(consumerId: string): Promise<Received> {
    return this.page.evaluate((id) => window.stageClient.received(id), consumerId);
  }

  opusParameters(): Promise<string[]> {
    return this.page.evaluate(() => window.stageClient.opusParameters());
  }

  protocolOf(direction: 'send' | 'receive'): Promise<string> {
    return this.page.evaluate((which) => window.stageClient.protocolOf(which), direction);
  }

  candidateTypeOf(direction: 'send' | 'receive'): Promise<string> {
    return this.page.evaluate((which) => window.stageClient.candidateTypeOf(which), direction);
  }

  gather(server: IceServer): Promise<Gathered> {
    return this.page.evaluate((one) => window.stageClient.gather(one), server);
  }

  events(): Promise<{ name: string; payload: unknown }[]> {
    return this.page.evaluate(() => window.stageClient.events);
  }

  /** Waits until so many more frames were decoded. */
  async moreFrames(consumerId: string, count: number): Promise<void> {
    const { frames } = await this.received(consumerId);
    await waitFor(
      `${count} more frames`,
      async () => (await this.received(consumerId)).frames >= frames + count,
    );
  }
}
