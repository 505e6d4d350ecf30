import { setTimeout as delay } from 'node:timers/promises';
import { createApiClient } from '@maydan/contracts';
import { freePort, waitUntil } from '@maydan/infra';
import type { ApiProcess } from '../testing/ApiProcess.ts';
import type { Account, TestApi } from '../testing/TestApi.ts';
import { TestBackend } from '../testing/TestBackend.ts';
import { TestSocket } from '../testing/TestSocket.ts';

let backend: TestBackend;
/** Stays, and changes the session. */
let steady: TestApi;
let host: Account;

beforeAll(async () => {
  backend = await TestBackend.start();
  steady = await backend.startApi();
  host = await steady.register();
}, 240_000);
afterAll(async () => {
  TestSocket.closeAll();
  await backend?.close();
});

const titlesOf = (client: TestSocket): string[] =>
  client.of('session:updated').map(({ session }) => session.title);

/** Clients of these processes that follow one session and come back by themselves. */
async function follow(nodes: ApiProcess[], count: number) {
  const session = await host.client.sessions.create({ title: 'title 0' });
  const urls = Array.from({ length: count }, (_, index) => nodes[index % nodes.length]!.url);
  const clients = await Promise.all(urls.map((url) => TestSocket.connect(url, {}, true)));
  await Promise.all(clients.map((client) => client.ask('session:subscribe', { sessionId: session.id })));
  return { session, clients };
}

describe('api processes that are restarted', () => {
  it('lose no message for 200 connected sockets, one after the other, ended and killed', async () => {
    // At ports that no outgoing connection can take while nobody listens there.
    const start = async () => backend.startProcess(await freePort());
    const nodes = [await start(), await start()];
    const { session, clients } = await follow(nodes, 200);
    const wanted: string[] = [];
    const stop = new AbortController();
    const changes = (async () => {
      while (!stop.signal.aborted) {
        wanted.push(`title ${wanted.length + 1}`);
        await host.client.sessions.update({ id: session.id, title: wanted.at(-1)! });
        await delay(50);
      }
    })();
    for (const [index, signal] of (['SIGTERM', 'SIGKILL'] as const).entries()) {
      const { port } = nodes[index]!;
      await nodes[index]!.end(signal);
      nodes[index] = await backend.startProcess(port);
      await waitUntil('everybody', () => clients.every(({ socket }) => socket.connected), 90_000);
    }
    stop.abort();
    await changes;
    const last = wanted.at(-1)!;
    await waitUntil('the last change', () => clients.every((one) => titlesOf(one).includes(last)), 120_000);
    for (const client of clients) expect(titlesOf(client)).toEqual(wanted);
    // What was missed comes before the word that the connection goes on.
    const readies = (one: TestSocket) => one.of('connection:ready').map(({ recovered }) => recovered);
    await waitUntil('everybody to be ready', () => clients.every((one) => readies(one).length > 1), 60_000);
    const recoveries = clients.map(readies);
    expect(recoveries.every(([first, again]) => first === false && again === true)).toBe(true);
  }, 400_000);

  it('answer the messages at hand when they end', async () => {
    const node = await backend.startProcess();
    const client = await TestSocket.connect(node.url);
    const session = await createApiClient({
      baseUrl: steady.url,
      accessToken: () => host.accessToken,
    }).sessions.create({ title: 'at hand' });
    const asked = Array.from({ length: 10 }, () =>
      client.ask('session:subscribe', { sessionId: session.id }),
    );
    const ended = node.end('SIGTERM');
    const answers = await Promise.allSettled(asked);
    await ended;
    // Those that reached it are answered; what is on its way when it ends is not, and the client asks again.
    expect(answers.filter(({ status }) => status === 'fulfilled').length).toBeGreaterThan(0);
  });
});
