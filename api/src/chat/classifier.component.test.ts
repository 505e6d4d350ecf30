import { randomUUID } from 'node:crypto';
import { errorBody } from '@maydan/contracts';
import { waitUntil } from '@maydan/infra';
import { z } from 'zod';
import { allows, ClassifierService, type ClassifierMode } from '../testing/ClassifierService.ts';
import { Life } from '../testing/Life.ts';
import { expectBalancedBooks, fundDirectly, keyed } from '../testing/money.ts';
import type { Account, TestApi } from '../testing/TestApi.ts';
import { TestBackend } from '../testing/TestBackend.ts';
import { TestSocket } from '../testing/TestSocket.ts';

let backend: TestBackend;
let classifier: ClassifierService;
/** Lets through what was not judged; the other refuses it. */
let lenient: TestApi;
let strict: TestApi;
let host: Account;
let ann: Account;
/** On air. */
let id: string;

const refuses: ClassifierMode = { body: JSON.stringify({ allow: false, reason: 'unkind' }) };

beforeAll(async () => {
  [backend, classifier] = await Promise.all([TestBackend.start(), ClassifierService.start()]);
  const environment = {
    ...{ CHAT_CLASSIFIER_URL: classifier.url, CHAT_CLASSIFIER_TOKEN: 'of-the-classifier' },
    CHAT_RATE_PER_USER: '1000',
  };
  [lenient, strict] = await Promise.all([
    backend.startApi(environment),
    backend.startApi({ ...environment, CHAT_CLASSIFIER_FALLBACK: 'refuse' }),
  ]);
  ann = await lenient.register();
  const life = await (await Life.create(backend, () => lenient)).goLive();
  [host, id] = [life.host, life.sessionId];
});
beforeEach(() => {
  classifier.mode = allows;
  classifier.asked.length = 0;
  classifier.abandoned = 0;
});
afterEach(() => TestSocket.closeAll());
afterAll(() => Promise.all([classifier?.close(), backend?.close()]));

const newMessage = () => ({ id, tempId: randomUUID(), text: `words ${randomUUID()}` });
type Message = ReturnType<typeof newMessage>;
const socketOf = (account: Account, where = lenient) =>
  TestSocket.connect(where.url, { token: account.accessToken });
/** `stored`, or the code and details of the refusal. */
async function outcome(socket: TestSocket, message: Message): Promise<unknown> {
  const refused = errorBody.safeParse(await socket.ask('chat:send', message)).data?.error;
  return refused === undefined ? 'stored' : [refused.code, refused.details];
}
/** The same of `strict`, asked again while this machine is too busy for an answer within the time. */
async function judged(socket: TestSocket, message: Message): Promise<unknown> {
  for (;;) {
    const now = await outcome(socket, message);
    if (!Array.isArray(now) || now[0] !== 'chat_unchecked') return now;
  }
}
async function figure(api: TestApi, of: string): Promise<number> {
  const text = await (await fetch(`${api.opsUrl}/metrics`)).text();
  const line = new RegExp(`^maydan_api_chat_classifier_seconds_count\\{.*outcome="${of}".*\\} (\\d+)$`, 'm');
  return Number(line.exec(text)?.[1] ?? 0);
}

it('what it allows is written, what it refuses is told to its sender alone, with the reason, and takes no time of the slow mode', async () => {
  const [socket, room] = [await socketOf(ann, strict), await socketOf(host)];
  await room.ask('chat:join', { sessionId: id });
  await host.client.chat.setRules({ id, slowModeSec: 3_600 });
  const message = newMessage();
  classifier.mode = refuses;
  expect(await judged(socket, message)).toEqual(['chat_refused', { reason: 'unkind' }]);
  const body = { text: message.text, sessionId: id };
  expect(classifier.asked.at(-1)).toEqual({ authorization: 'Bearer of-the-classifier', body });
  classifier.mode = { body: '{"allow":false}' };
  expect(await judged(socket, message)).toEqual(['chat_refused', { reason: null }]);
  const overRest = () => strict.refusal(ann, 'POST', `/sessions/${id}/chat/messages`, message);
  await waitUntil('the refusal', async () => (await overRest()) === '422 chat_refused', 60_000);
  classifier.mode = allows;
  expect(await judged(socket, message)).toBe('stored');
  // Stored once; it is not asked about again.
  classifier.mode = refuses;
  expect(await outcome(socket, message)).toBe('stored');
  await strict.clientOf(host.accessToken).chat.setRules({ id, slowModeSec: 0 });
  const told = () => room.of('session:events').flatMap(({ events }) => events);
  // Told with the message, or after it.
  await waitUntil(
    'the settings',
    () => told().some((event) => event.type === 'settings' && event.settings.slowModeSec === 0),
    60_000,
  );
  expect(told().filter(({ type }) => type === 'message')).toHaveLength(1);
  expect([await figure(strict, 'allowed'), await figure(strict, 'refused')]).toEqual([1, 3]);
});

it('it is asked last, of what the rules let through, and not of what the host writes', async () => {
  classifier.mode = refuses;
  const [socket, hosts] = [await socketOf(ann), await socketOf(host)];
  await host.client.chat.setRules({ id, linksOff: true });
  const linked = { ...newMessage(), text: 'look at example.com' };
  expect(await outcome(socket, linked)).toEqual(['chat_links_off', undefined]);
  await host.client.chat.setRules({ id, linksOff: false });
  expect(await outcome(hosts, newMessage())).toBe('stored');
  expect(classifier.asked).toEqual([]);
});

const unjudged = () =>
  Promise.all(
    [lenient, strict].map(async (api) => (await figure(api, 'timeout')) + (await figure(api, 'failed'))),
  );
it.each<[string, ClassifierMode]>([
  ['that hangs', 'hang'],
  ['that dies', 'die'],
  ['that fails', { status: 500, body: '{"allow":true}' }],
  ['that sends elsewhere', 'redirect'],
  ['that answers no JSON', { body: 'yes' }],
  ['that answers something else', { body: '{"allow":"yes"}' }],
  ['that answers too much', { body: `{"allow":true,"reason":"${'x'.repeat(1_000_000)}"}` }],
])('of a classifier %s the fall-back holds', async (_, mode) => {
  classifier.mode = mode;
  const [socket, others] = [await socketOf(ann), await socketOf(ann, strict)];
  const before = await unjudged();
  const message = newMessage();
  const both = [outcome(socket, newMessage()), outcome(others, message)];
  expect(await Promise.all(both)).toEqual(['stored', ['chat_unchecked', undefined]]);
  expect(await unjudged()).toEqual(before.map((count) => count + 1));
  // Its time is over: nothing waits for an answer any more.
  if (mode === 'hang') {
    expect(await figure(strict, 'timeout')).toBeGreaterThan(0);
    await waitUntil('no open question', () => classifier.abandoned === 2, 60_000);
  }
  classifier.mode = allows;
  expect(await judged(others, message)).toBe('stored');
});

it('words with a gift are judged before coins move', async () => {
  const admin = await lenient.register();
  await backend.giveRole(admin, 'admin');
  const name = { en: 'Rose', ar: 'وردة' };
  const rose = { name, iconUrl: '/rose.svg', animation: null, price: 10 };
  const { id: giftId } = await admin.client.gifts.create(rose);
  await fundDirectly(backend, ann.user.id, 10);
  const send = (message: string, headers: ReturnType<typeof keyed>) =>
    strict.clientOf(ann.accessToken).gifts.send({ params: { id }, headers, body: { giftId, message } });
  const headers = keyed();
  const codeOf = (message: string) =>
    send(message, headers).then(
      () => 'sent',
      (error: unknown) => z.object({ code: z.string() }).parse(error).code,
    );
  classifier.mode = 'die';
  expect(await codeOf('nasty')).toBe('chat_unchecked');
  classifier.mode = refuses;
  await waitUntil('the refusal', async () => (await codeOf('nasty')) === 'chat_refused', 60_000);
  expect((await ann.client.wallet.get()).balance).toBe(10);
  [classifier.mode, classifier.asked.length] = [allows, 0];
  let asked = 0;
  await waitUntil('the gift', async () => [++asked, await codeOf('kind')][1] === 'sent', 60_000);
  // Once for each request.
  expect(classifier.asked).toHaveLength(asked);
  expect((await ann.client.wallet.get()).balance).toBe(0);
  await expectBalancedBooks(backend);
});
