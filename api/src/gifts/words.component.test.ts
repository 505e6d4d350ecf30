import { waitUntil } from '@maydan/infra';
import { Life } from '../testing/Life.ts';
import { fundDirectly, keyed } from '../testing/money.ts';
import type { Account, TestApi } from '../testing/TestApi.ts';
import { TestBackend } from '../testing/TestBackend.ts';
import { TestSocket } from '../testing/TestSocket.ts';

let backend: TestBackend;
let api: TestApi;
let second: TestApi;
let life: Life;
let giftId: string;

beforeAll(async () => {
  backend = await TestBackend.start();
  [api, second] = [await backend.startApi(), await backend.startApi()];
  const admin = await api.register();
  await backend.giveRole(admin, 'admin');
  const name = { en: 'Rose', ar: 'وردة' };
  giftId = (await admin.client.gifts.create({ name, iconUrl: '/gifts/rose.svg', animation: null, price: 10 }))
    .id;
  life = await (await Life.create(backend, () => api)).goLive();
}, 180_000);
afterAll(async () => {
  TestSocket.closeAll();
  await backend?.close();
});

/** Somebody who can send one gift. */
async function fan(): Promise<Account> {
  const account = await api.register();
  await fundDirectly(backend, account.user.id, 10);
  return account;
}
const send = (account: Account, node: TestApi) =>
  node.clientOf(account.accessToken).gifts.send({
    ...{ params: { id: life.sessionId }, headers: keyed() },
    body: { giftId, message: 'rude' },
  });

it('a gift that is sent at the moment of a ban keeps no words, and whoever watches sees none in the end', async () => {
  const [watcher, ...fans] = [
    await TestSocket.connect(second.url),
    ...(await Promise.all(Array.from({ length: 6 }, () => fan()))),
  ] as const;
  const { host, sessionId: id } = life;
  await watcher.ask('chat:join', { sessionId: id });
  const outcomes = await Promise.all(
    fans.map(async (one, nth) => {
      const [sent] = await Promise.allSettled([
        send(one, nth % 2 === 0 ? api : second),
        host.client.bans.create({ id, userId: one.user.id }),
      ]);
      return sent.status === 'fulfilled' ? 'sent' : (sent.reason as { code: string }).code;
    }),
  );
  for (const outcome of outcomes) expect(['sent', 'forbidden', 'chat_banned']).toContain(outcome);
  const { items } = await second.client.gifts.ofSession({ id, limit: 100 });
  const theirs = items.filter(({ sender }) => fans.some(({ user }) => user.id === sender.id));
  expect(theirs.map(({ message }) => message)).toEqual(theirs.map(() => ''));
  const events = () => watcher.of('session:events').flatMap(({ events: some }) => some);
  const shown = (userId: string): string => {
    const about = events().flatMap((event) => {
      if (event.type === 'gift' && event.gift.sender.id === userId) return [event.gift.message];
      return event.type === 'senderDeleted' && event.userId === userId ? [''] : [];
    });
    return about.at(-1) ?? '';
  };
  const seen = () => events().filter(({ type }) => type === 'gift').length;
  const sent = outcomes.filter((outcome) => outcome === 'sent').length;
  await waitUntil('all gifts that were sent', () => seen() === sent, 60_000);
  await waitUntil('no words', () => fans.every(({ user }) => shown(user.id) === ''), 60_000);
});
