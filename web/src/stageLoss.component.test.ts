import type { Page } from 'playwright-core';
import { quickest } from '../../tests/support/quickest.ts';
import { DeadEnd } from './testing/DeadEnd.ts';
import { loseOnTheWay, lostBy } from './testing/loseOnTheWay.ts';
import {
  StageHarness,
  stageOf,
  waitForMovingPicture,
  waitForReturn,
  waitForSound,
  waitForStage,
} from './testing/StageHarness.ts';

describe('a stage that loses its connection, in Chromium', () => {
  let web: StageHarness;
  let host: Page;
  let guest: Page;
  let id: string;
  let deadEnd: DeadEnd;

  beforeAll(async () => {
    deadEnd = await DeadEnd.start();
    // A page may connect there as to a node.
    ({ web, host, guest, id } = await StageHarness.startLive({ SFU_ORIGINS: deadEnd.url }));
    await web.comeOnStage(host, guest);
    await waitForMovingPicture(host);
    for (const page of [host, guest]) {
      await waitForStage(page, 'the other one', ({ received }) => Object.keys(received).length === 2);
    }
  }, 180_000);
  afterAll(async () => {
    await web?.close();
    await deadEnd.close();
  });

  const producerOf = async (page: Page) => (await stageOf(page)).own.camera?.producerId;

  it('resumes where it was when the socket is lost: same peer, same producers, nobody leaves', async () => {
    const [before, shown] = [await stageOf(guest), await stageOf(host)];
    await guest.evaluate(() => window.maydanStage?.dropConnection());
    const after = await waitForStage(
      guest,
      'the return',
      ({ connection, joins }) => connection === 'connected' && joins === before.joins + 1,
    );
    expect(after.peerId).toBe(before.peerId);
    expect(after.own.camera?.producerId).toBe(before.own.camera?.producerId);
    expect(Object.keys(after.received).sort()).toEqual(Object.keys(before.received).sort());
    await waitForMovingPicture(guest);
    await waitForMovingPicture(host);
    expect((await stageOf(host)).producers.map(({ producerId }) => producerId)).toEqual(
      shown.producers.map(({ producerId }) => producerId),
    );
  });

  it('comes back by itself when the network does', async () => {
    await guest.context().setOffline(true);
    await waitForStage(guest, 'the loss to be noticed', ({ connection }) => connection === 'reconnecting');
    await guest.context().setOffline(false);
    await waitForStage(guest, 'the return', ({ connection }) => connection === 'connected');
    await waitForMovingPicture(guest);
    await waitForMovingPicture(host);
  });

  it('survives the end of the sfu: everybody joins the next one within 5 s, with picture and sound', async () => {
    const pages = [host, guest];
    const producer = await producerOf(host);
    const outage = async () => {
      const stages = await Promise.all(pages.map(stageOf));
      await web.stack.killAndRestart('sfu');
      const restartedAt = Date.now();
      const returns = await Promise.all(
        pages.map((page, index) => waitForReturn(page, stages[index]?.joins ?? 0, 2)),
      );
      return { tookMs: Math.max(...returns) - restartedAt };
    };
    expect((await quickest(outage, 5_000)).tookMs).toBeLessThan(5_000);
    for (const page of pages) {
      expect((await stageOf(page)).peers).toHaveLength(1);
      await waitForMovingPicture(page);
      await waitForSound(page);
    }
    expect(await producerOf(host)).not.toBe(producer);
  });

  it('comes back when an answer to its join gets lost, and the connection while its way to send is made', async () => {
    const { joins } = await stageOf(guest);
    await loseOnTheWay(guest);
    await web.stack.killAndRestart('sfu');
    await waitForReturn(guest, joins, 2);
    expect(await lostBy(guest)).toEqual({ answers: 1, connects: 1 });
    await waitForMovingPicture(host);
    await waitForMovingPicture(guest);
  });

  it('asks again for a picture whose beginning got lost', async () => {
    const viewer = await web.visit(`/watch/${id}`, null);
    let lost = 0;
    await viewer.routeWebSocket(/\/sfu\//, (socket) => {
      const server = socket.connectToServer();
      socket.onMessage((message) => {
        // One for each of the four producers: two pictures and two sounds.
        if (String(message).includes('consumer.resume') && lost < 4) lost += 1;
        else server.send(message);
      });
    });
    await viewer.reload();
    await viewer.getByTestId('mode-realtime').check({ force: true });
    await waitForMovingPicture(viewer);
    expect(lost).toBe(4);
    await viewer.context().close();
  });

  it('goes on to the node that is named next, when the first that it was sent to says nothing', async () => {
    const viewer = await web.visit(`/watch/${id}`, null);
    let asked = 0;
    let sentAtMs = 0;
    // A node whose machine was lost is named until it is missed.
    await viewer.route('**/api/v1/sessions/*/join', async (route) => {
      const response = await route.fetch();
      const answer = (await response.json()) as Record<string, unknown>;
      asked += 1;
      if (asked === 1) sentAtMs = Date.now();
      await route.fulfill({
        response,
        json: asked === 1 ? { ...answer, signalingUrl: deadEnd.url } : answer,
      });
    });
    const arrive = async () => {
      const taken = deadEnd.taken;
      asked = 0;
      await viewer.reload();
      await viewer.getByTestId('mode-realtime').check({ force: true });
      await waitForStage(viewer, 'a connection', ({ connection }) => connection === 'connected');
      expect(deadEnd.taken).toBeGreaterThan(taken);
      return { tookMs: Date.now() - sentAtMs };
    };
    // An attempt to connect ends after 3 s, and is made twice.
    expect((await quickest(arrive, 5_000)).tookMs).toBeLessThan(5_000);
    await waitForMovingPicture(viewer);
    await viewer.context().close();
  });

  it('gives a viewer the ordinary player when real time can not be reached, and says so', async () => {
    const viewer = await web.visit(`/watch/${id}`, null);
    // The api refuses joins from here on, as it does for who is banned.
    await viewer.route('**/api/v1/sessions/*/join', (route) =>
      route.fulfill({ status: 403, json: { error: { code: 'forbidden', message: 'no' } } }),
    );
    await viewer.getByTestId('mode-realtime').check({ force: true });
    await viewer.getByText('Real time can not be reached from here').waitFor();
    await viewer.locator('[data-testid="mode-switch"][data-mode="hls"]').waitFor();
    await viewer.context().close();
  });
});
