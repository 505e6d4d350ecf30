import type { Browser } from 'playwright-core';
import { launchBrowser } from '../../../tests/support/browser/launchBrowser.ts';
import { waitFor } from '../../../tests/support/waitFor.ts';
import { WhipPage, type Posted } from '../../../tests/support/whip/whipPage.ts';
import { MeshStand, tokenOf } from '../mesh/testing/MeshStand.ts';
import type { NodeProcess } from '../mesh/testing/NodeProcess.ts';
import { secret } from '../testing/TestSfu.ts';
import { call, fragment, refusal } from './testing/httpCalls.ts';
import { WhipApi } from './testing/WhipApi.ts';

let stand: MeshStand;
let api: WhipApi;
let browser: Browser;
let a: NodeProcess;
let b: NodeProcess;
beforeAll(async () => {
  stand = await MeshStand.start();
  api = await WhipApi.start(secret);
  stand.own(() => api.close());
  const options = { env: { API_INTERNAL_URL: api.url } };
  [a, b] = await Promise.all([stand.node('node-a', options), stand.node('node-b', options)]);
  browser = await launchBrowser();
  stand.own(() => browser.close());
});
afterAll(() => stand.close());

let page: WhipPage;
beforeEach(async () => {
  const opened = await browser.newPage();
  await opened.goto(a.url.replace('127.0.0.1', 'localhost'));
  page = new WhipPage(opened);
});
afterEach(() => page.page.close());

async function publish(name: string, node: NodeProcess, token: string, videoCodec: string): Promise<Posted> {
  const published = await page.publish(name, { url: `${node.url}/whip`, token, videoCodec });
  expect(published.status).toBe(201);
  return published;
}

async function play(name: string, node: NodeProcess, sessionId: string): Promise<Posted & { token: string }> {
  const token = tokenOf({ sessionId, role: 'viewer' });
  const played = await page.play(name, { url: `${node.url}/whep/${sessionId}`, token });
  expect(played.status).toBe(201);
  return { ...played, token };
}

async function waitUntilPlayed(name: string, videoCodec: string): Promise<void> {
  await waitFor(`${videoCodec} at ${name}`, async () => {
    const received = await page.received(name);
    const { frames, pictures, audioEnergy } = received;
    return received.videoCodec === `video/${videoCodec}` && frames > 10 && pictures > 3 && audioEnergy > 0;
  });
}

describe('WHIP and WHEP on two nodes', () => {
  it('play on one what is published on the other, also when it is published anew on the first', async () => {
    const { streamKey, grant } = api.allow();
    await publish('host', a, streamKey, 'VP8');
    await play('there', b, grant.sessionId);
    await play('here', a, grant.sessionId);
    for (const name of ['there', 'here']) await waitUntilPlayed(name, 'VP8');
    expect(await b.metric('maydan_sfu_pipes', 'in')).toBe(2);
    await stand.command(api.takeOver(streamKey));
    await publish('next', b, streamKey, 'H264');
    for (const name of ['there', 'here']) await waitUntilPlayed(name, 'H264');
    await waitFor('the end of the older', async () => (await page.state('host')) !== 'connected');
  });

  it('know resources where these are: the other node says 404, and nothing ends', async () => {
    const { streamKey, grant } = api.allow();
    const published = await publish('host', a, streamKey, 'VP8');
    const played = await play('viewer', b, grant.sessionId);
    await waitUntilPlayed('viewer', 'VP8');
    const resources = [
      { home: a, other: b, location: published.location, token: streamKey },
      { home: b, other: a, location: played.location, token: played.token },
    ];
    for (const { home, other, location, token } of resources) {
      expect(location.startsWith(`${home.url}/`)).toBe(true);
      const { pathname } = new URL(location);
      const body = 'a=ice-ufrag:new1\r\na=ice-pwd:newnewnewnewnewnewnewnew\r\n';
      for (const method of ['PATCH', 'DELETE']) {
        const request = { method, token, type: fragment, ifMatch: '*', body };
        expect(await refusal(await call(other, pathname, request))).toMatchObject({ status: 404 });
      }
    }
    const { status } = await page.restartIce('viewer', played.location, played.token);
    expect(status).toBe(200);
    const { frames } = await page.received('viewer');
    await waitFor('more of it', async () => (await page.received('viewer')).frames > frames + 20);
    await page.delete(published.location, streamKey);
    await page.delete(played.location, played.token);
  });

  it('go on with the node that is left when the publisher’s is killed and the publisher comes there', async () => {
    const doomed = await stand.node('node-doomed', { env: { API_INTERNAL_URL: api.url } });
    const { streamKey, grant } = api.allow();
    await publish('host', doomed, streamKey, 'VP8');
    await play('viewer', b, grant.sessionId);
    await waitUntilPlayed('viewer', 'VP8');
    await doomed.stop('SIGKILL');
    await publish('next', b, streamKey, 'H264');
    await waitUntilPlayed('viewer', 'H264');
  });
});
