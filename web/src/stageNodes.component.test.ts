import { createLogger, createRedis, listSfuNodes, type Redis } from '@maydan/common';
import { sfuNodeKey } from '@maydan/contracts';
import type { Page } from 'playwright-core';
import { Namespaces, type NamespaceHost } from '../../sfu/src/mesh/testing/Namespaces.ts';
import { NodeProcess } from '../../sfu/src/mesh/testing/NodeProcess.ts';
import { quickest } from '../../tests/support/quickest.ts';
import { waitFor } from '../../tests/support/waitFor.ts';
import {
  StageHarness,
  stageOf,
  waitForMovingPicture,
  waitForReturn,
  waitForSound,
  waitForStage,
} from './testing/StageHarness.ts';

const port = 8082;
/** The host's camera and microphone for one viewer fill the first node: who comes next is sent to the other. */
const consumersPerWorker = 1;

/** People of a dead node are on the other one again within this, with what they send and receive. */
const backMs = 5_000;

/** Network namespaces as two hosts with an sfu node each; browsers reach both, as the nodes reach each other. */
describe('a stage over two sfu nodes', () => {
  const cleanups: (() => Promise<unknown>)[] = [];
  const nodes: NodeProcess[] = [];
  let web: StageHarness;
  let spaces: Namespaces;
  let redis: Redis;

  beforeAll(async () => {
    web = await StageHarness.start(['api']);
    cleanups.push(() => web.close());
    redis = createRedis(web.stack.stack.redisUrl, createLogger('test', 'silent'));
    cleanups.push(async () => redis.disconnect());
    spaces = await Namespaces.create();
    cleanups.push(() => spaces.close());
    await spaces.connectHere();
    const full = { SFU_CONSUMERS_PER_WORKER: String(consumersPerWorker) };
    for (const host of spaces.hosts) nodes.push(await startNode(host, host === spaces.hosts[0] ? full : {}));
    // A page may connect to the nodes that were there when it was loaded.
    await waitFor('the api to know both', async () => {
      const policy = (await fetch(web.stack.web)).headers.get('content-security-policy') ?? '';
      return spaces.hosts.every(({ outsideAddress }) => policy.includes(`//${outsideAddress}:`));
    });
  }, 240_000);
  afterAll(async () => {
    for (const cleanup of cleanups.reverse()) await cleanup();
  });

  async function startNode(
    { namespace, address, outsideAddress, wrapper }: NamespaceHost,
    env: NodeJS.ProcessEnv = {},
  ): Promise<NodeProcess> {
    const { redisUrl, secrets } = web.stack.stack;
    const node = await NodeProcess.start({
      nodeId: namespace,
      redisUrl,
      wrapper,
      env: {
        INTERNAL_SECRET: secrets.internalSecret,
        ...{ SFU_HOST: '0.0.0.0', SFU_PORT: String(port), SFU_INTERNAL_URL: `http://${address}:${port}` },
        ...{ SFU_PUBLIC_URL: `http://${outsideAddress}:${port}`, SFU_ANNOUNCED_ADDRESS: outsideAddress },
        ...env,
      },
    });
    cleanups.push(() => node.stop('SIGKILL'));
    return node;
  }

  /** The nodes that have people of the session, as the api knows them. */
  const nodesOf = async (sessionId: string): Promise<string[]> =>
    (await listSfuNodes(redis)).filter(({ rooms }) => rooms.includes(sessionId)).map(({ nodeId }) => nodeId);
  const waitForNodes = (sessionId: string, hosts: readonly NamespaceHost[]): Promise<unknown> =>
    waitFor('the nodes of the session', async () => {
      return (await nodesOf(sessionId)).join() === hosts.map(({ namespace }) => namespace).join();
    });

  async function seesAndHears(page: Page): Promise<void> {
    await waitForMovingPicture(page, '[data-testid="tile"]:not([data-own]) [data-testid="tile-video"]');
    await waitForSound(page);
  }

  /** How a page was connected each time it asked for a node from now on. */
  async function askedWhile(page: Page): Promise<string[]> {
    const states: string[] = [];
    await page.route(/\/sessions\/[^/]+\/join$/, async (route) => {
      states.push((await stageOf(page)).connection);
      await route.continue();
    });
    return states;
  }

  it('spans both; when one dies its people go on with the other, seen and heard by everybody', async () => {
    const { host, id } = await web.goLive();
    await waitForStage(host, 'the camera', ({ own }) => Boolean(own.camera?.producerId));
    const viewer = await web.visit(`/watch/${id}?mode=realtime`, null);
    await waitForMovingPicture(viewer);
    await waitFor('the first node to be full', async () =>
      (await listSfuNodes(redis)).some(({ rooms, load }) => rooms.includes(id) && load >= 0.9),
    );
    const guest = await web.visit(`/watch/${id}`, 'viewer');
    await web.comeOnStage(host, guest);
    await seesAndHears(host);
    await seesAndHears(guest);
    await waitForNodes(id, spaces.hosts);

    const before = await stageOf(host);
    const guestBefore = await stageOf(guest);
    await nodes[0]?.stop('SIGKILL');
    await waitForStage(
      host,
      'the host on the other node',
      ({ connection, own, received }) =>
        connection === 'connected' &&
        Boolean(own.camera?.producerId) &&
        own.camera?.producerId !== before.own.camera?.producerId &&
        Object.keys(received).length === 2,
    );
    await waitForStage(guest, 'the host back', ({ producers, received }) => {
      const isAnother = (producerId: string): boolean =>
        !guestBefore.producers.some((one) => one.producerId === producerId);
      return producers.some((one) => isAnother(one.producerId)) && Object.keys(received).length === 2;
    });
    await Promise.all([seesAndHears(host), seesAndHears(guest)]);
    // Who didn't lose a node never noticed more than that.
    expect((await stageOf(guest)).joins).toBe(guestBefore.joins);
    await waitForMovingPicture(viewer);
    await waitForNodes(id, [spaces.hosts[1]]);

    // All are on the node that dies now, which said until then that it has the room and space for more.
    let [there, next] = [1, 0];
    const death = async () => {
      nodes[next] = await startNode(spaces.hosts[next]!);
      const pages = [host, guest];
      const stages = await Promise.all(pages.map(stageOf));
      await nodes[there]?.stop('SIGKILL');
      const diedMs = Date.now();
      const back = await Promise.all(pages.map((page, nth) => waitForReturn(page, stages[nth]!.joins, 2)));
      [there, next] = [next, there];
      return { tookMs: Math.max(...back) - diedMs };
    };
    expect((await quickest(death, backMs)).tookMs).toBeLessThan(backMs);
    await waitForMovingPicture(viewer);
    await waitForNodes(id, [spaces.hosts[there]!]);

    nodes[next] = await startNode(spaces.hosts[next]!);
    const asked = await Promise.all([host, guest].map(askedWhile));
    const again = [(await stageOf(host)).joins, (await stageOf(guest)).joins] as const;
    // Their node stands still for so long that they ask, and is named to them all the same: they stay.
    nodes[there]!.standStill();
    await redis.pexpire(sfuNodeKey(nodes[there]!.nodeId), 60_000);
    await waitFor('both to ask', () => asked.every((states) => states.length > 0), { timeoutMs: 30_000 });
    nodes[there]!.goOn();
    await Promise.all([seesAndHears(host), seesAndHears(guest)]);
    expect([(await stageOf(host)).joins, (await stageOf(guest)).joins]).toEqual(again);

    // Its machine is lost: nothing refuses a connection, and none is closed.
    for (const states of asked) states.length = 0;
    await spaces.lose(spaces.hosts[there]!);
    await nodes[there]?.stop('SIGKILL');
    await Promise.all([waitForReturn(host, again[0], 2), waitForReturn(guest, again[1], 2)]);
    // They looked for another node before anything told them that their connection is lost.
    for (const states of asked) expect(states[0]).toBe('connected');
    await waitForMovingPicture(viewer);
    await waitForNodes(id, [spaces.hosts[next]!]);
    expect(web.pageErrors).toEqual([]);
  }, 240_000);
});
