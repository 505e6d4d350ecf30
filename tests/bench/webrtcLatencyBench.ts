import type { ApiClient, Session } from '@maydan/contracts';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { launchBrowser } from '../support/browser/launchBrowser.ts';
import { StagePage } from '../support/sfu/StagePage.ts';
import { TestStack } from '../support/TestStack.ts';
import { WhipPage } from '../support/whip/whipPage.ts';
import { installClockCamera } from './clockCamera.ts';
import { median, percentile, printRows } from './measure.ts';
import { sampleLatencies } from './samplePictures.ts';
import { TimestampPublisher } from './TimestampPublisher.ts';
import { columns, rows } from './timestampVideo.ts';

const size = { width: 640, height: 360, frameRate: 30 };
const settleMs = 6_000;
const sampleMs = 15_000;

type Way = 'camera to co-host' | 'camera to WHEP' | 'RTMP to WHEP';
const bars: Record<Way, number> = { 'camera to co-host': 150, 'camera to WHEP': 150, 'RTMP to WHEP': 500 };

/** A page of the sfu's own origin, under the name that browsers trust with a camera. */
async function openPage(browser: Browser, stack: TestStack): Promise<Page> {
  const page = await browser.newPage({ viewport: { width: 700, height: 450 } });
  await page.goto(stack.stack.addresses.sfu.replace('127.0.0.1', 'localhost'));
  return page;
}

async function playByWhep(browser: Browser, stack: TestStack, session: Session): Promise<number[]> {
  const page = await openPage(browser, stack);
  const { token, whepUrl } = await stack.visitor.stage.join({ id: session.id, role: 'viewer' });
  const url = whepUrl.replace('127.0.0.1', 'localhost');
  const { status, body } = await new WhipPage(page).play('viewer', { url, token });
  if (status !== 201) throw new Error(`WHEP was answered with ${status}: ${body}`);
  return sample(page);
}

async function sample(page: Page): Promise<number[]> {
  await new Promise((resolve) => setTimeout(resolve, settleMs));
  const { latenciesMs, unreadable } = await sampleLatencies(page, sampleMs);
  if (latenciesMs.length < 20)
    throw new Error(`only ${latenciesMs.length} pictures could be read, ${unreadable} not`);
  await page.close();
  return latenciesMs;
}

/** Another user who may come on stage. */
async function invited(stack: TestStack, { id }: Session): Promise<ApiClient> {
  const [api, guest] = [await stack.broadcaster(), await stack.signIn('viewer')];
  await api.stage.invite({ id, user: { username: 'viewer' } });
  await guest.stage.accept({ id });
  return guest;
}

/** A page on stage. */
async function enter(
  browser: Browser | BrowserContext,
  stack: TestStack,
  api: ApiClient,
  input: { id: string; role: 'host' | 'cohost' },
): Promise<StagePage> {
  const { token, signalingUrl } = await api.stage.join(input);
  const page = await StagePage.open(browser, stack.stack.addresses.sfu);
  await page.join(signalingUrl.replace('127.0.0.1', 'localhost'), token);
  return page;
}

/** One whose camera films a clock, seen by a co-host over mediasoup-client and by a viewer over WHEP. */
async function fromCamera(browser: Browser, stack: TestStack): Promise<Partial<Record<Way, number[]>>> {
  const api = await stack.broadcaster();
  const session = await api.sessions.create({ title: 'Latency' });
  const context = await browser.newContext();
  await context.addInitScript(installClockCamera, { columns, rows });
  const host = await enter(context, stack, api, { id: session.id, role: 'host' });
  const [camera = '', microphone = ''] = await host.publish('VP8');
  const guest = await enter(browser, stack, await invited(stack, session), {
    id: session.id,
    role: 'cohost',
  });
  const consumer = await guest.receive(camera);
  // Browsers hold the picture back until its sound is there.
  await guest.receive(microphone);
  await guest.setSize(consumer, size.width, size.height);
  const toCohost = await sample(guest.page);
  const toWhep = await playByWhep(browser, stack, session);
  await context.close();
  await api.sessions.end({ id: session.id });
  return { 'camera to co-host': toCohost, 'camera to WHEP': toWhep };
}

async function fromRtmp(browser: Browser, stack: TestStack): Promise<Partial<Record<Way, number[]>>> {
  const publisher = new TimestampPublisher({ url: stack.publishUrl(), ...size });
  try {
    const session = await stack.waitForLive();
    return { 'RTMP to WHEP': await playByWhep(browser, stack, session) };
  } finally {
    await publisher.stop();
  }
}

async function measureRound(): Promise<Partial<Record<Way, number[]>>> {
  // What is measured is the way through the sfu; composing for HLS would take the browsers' cores.
  const camera = await withStack(['api', 'sfu'], fromCamera);
  const rtmp = await withStack(['api', 'sfu', 'ingest', 'workers'], fromRtmp);
  return { ...camera, ...rtmp };
}

async function withStack<T>(
  services: ('api' | 'sfu' | 'ingest' | 'workers')[],
  work: (browser: Browser, stack: TestStack) => Promise<T>,
): Promise<T> {
  const stack = await TestStack.start({ services });
  const browser = await launchBrowser();
  try {
    return await work(browser, stack);
  } finally {
    await browser.close();
    await stack.close();
  }
}

/** Glass to glass over WebRTC: from the moment a picture is made to the moment Chromium shows it. */
export async function run(rounds = 3): Promise<boolean> {
  const medians: Record<Way, number[]> = {
    'camera to co-host': [],
    'camera to WHEP': [],
    'RTMP to WHEP': [],
  };
  for (let round = 0; round < rounds; round += 1) {
    const result = await measureRound();
    for (const way of Object.keys(medians) as Way[]) {
      const latencies = result[way] ?? [];
      medians[way].push(median(latencies));
      console.log(
        `round ${round + 1}, ${way}: median ${Math.round(median(latencies))} ms, p95 ${Math.round(percentile(latencies, 95))} ms of ${latencies.length} pictures`,
      );
    }
  }
  const table = (Object.keys(medians) as Way[]).map((way) => {
    const value = median(medians[way]);
    return {
      name: `${way}, glass to glass, median of ${rounds}`,
      value: `${Math.round(value)} ms`,
      bar: `≤ ${bars[way]} ms`,
      ok: value <= bars[way],
    };
  });
  printRows('webrtc-latency', table);
  return table.every(({ ok }) => ok);
}
