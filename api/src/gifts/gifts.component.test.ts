import { randomUUID } from 'node:crypto';
import type { Gift } from '@maydan/contracts';
import { waitUntil } from '@maydan/infra';
import { newId } from '@maydan/prisma';
import { socketStream } from '../realtime/EventStream.ts';
import { expectBalancedBooks, fundDirectly, keyed } from '../testing/money.ts';
import { Life } from '../testing/Life.ts';
import { farFromMidnight } from '../testing/midnight.ts';
import { refusalOf, type Account, type TestApi } from '../testing/TestApi.ts';
import { TestBackend } from '../testing/TestBackend.ts';
import { TestSocket } from '../testing/TestSocket.ts';

let backend: TestBackend;
let api: TestApi;
let second: TestApi;
let admin: Account;
let life: Life;
let rose: Gift;

const roseInput = {
  name: { en: 'Rose', ar: 'وردة' },
  iconUrl: '/gifts/rose.svg',
  animation: { kind: 'lottie' as const, url: 'https://cdn.example.org/rose.json' },
  price: 10,
};

beforeAll(async () => {
  backend = await TestBackend.start();
  [api, second] = [await backend.startApi(), await backend.startApi()];
  admin = await api.register();
  await backend.giveRole(admin, 'admin');
  rose = await admin.client.gifts.create(roseInput);
  life = await (await Life.create(backend, () => api)).goLive();
}, 180_000);
afterAll(async () => {
  TestSocket.closeAll();
  await backend?.close();
});
afterEach(() => expectBalancedBooks(backend));

/** Somebody with so many coins. */
async function fan(coins: number): Promise<Account> {
  const account = await api.register();
  await fundDirectly(backend, account.user.id, coins);
  return account;
}

interface Wish {
  readonly quantity?: number;
  readonly recipientId?: string;
  readonly message?: string;
  readonly giftId?: string;
}
const send = (account: Account, wish: Wish = {}, key?: string, node = api, id = life.sessionId) =>
  node
    .clientOf(account.accessToken)
    .gifts.send({ params: { id }, headers: keyed(key), body: { giftId: rose.id, ...wish } });
const walletOf = async (account: Account) => (await account.client.wallet.get()).balance;
const earnedBy = async (account: Account) => (await account.client.wallet.get()).earned;
const giftsSeenBy = (watcher: TestSocket, sender: Account) =>
  watcher
    .of('session:events')
    .flatMap(({ events }) => events)
    .flatMap((event) => (event.type === 'gift' ? [event.gift] : []))
    .filter((gift) => gift.sender.id === sender.user.id);
const isTold = async () => (await backend.database.giftNews.count()) === 0;
const told = () => waitUntil('all news of gifts to be told', isTold, 60_000);

describe('the catalogue', () => {
  it('is managed by admins and shown to all', async () => {
    const ann = await api.register();
    expect(await api.refusal(null, 'POST', '/admin/gifts', roseInput)).toBe('401 unauthenticated');
    expect(await api.refusal(ann, 'POST', '/admin/gifts', roseInput)).toBe('403 forbidden');
    expect(await api.refusal(ann, 'GET', '/admin/gifts')).toBe('403 forbidden');
    expect(await api.refusal(ann, 'PATCH', `/admin/gifts/${rose.id}`, { price: 1 })).toBe('403 forbidden');
    for (const wrong of [
      { price: 0 },
      { price: 1.5 },
      { iconUrl: 'javascript:alert(1)' },
      { iconUrl: '//x.org/a' },
      { name: { en: '', ar: '' } },
    ]) {
      expect(await api.refusal(admin, 'POST', '/admin/gifts', { ...roseInput, ...wrong })).toBe(
        '422 validation_failed',
      );
    }
    expect(await api.refusal(admin, 'PATCH', `/admin/gifts/${newId()}`, { price: 1 })).toBe('404 not_found');
    const crown = await admin.client.gifts.create({ ...roseInput, price: 99, position: 1, animation: null });
    expect((await api.client.gifts.catalogue()).items).toEqual([rose, crown]);
    const changed = await admin.client.gifts.update({ id: crown.id, active: false, price: 98 });
    expect(changed).toEqual({ ...crown, active: false, price: 98 });
    expect((await api.client.gifts.catalogue()).items).toEqual([rose]);
    expect((await admin.client.gifts.all()).items).toContainEqual(changed);
    await expect(send(await fan(100), { giftId: crown.id })).rejects.toMatchObject({ code: 'not_found' });
  });
});

describe('a gift', () => {
  it('is paid, with the platform’s part, listed, and told to the room with its animation', async () => {
    const [ann, watcher] = [await fan(100), await TestSocket.connect(second.url)];
    await watcher.ask('chat:join', { sessionId: life.sessionId });
    const before = await earnedBy(life.host);
    const sent = await send(ann, { quantity: 3, message: ' For you ' });
    const { id, username, displayName } = ann.user;
    const { price: _, active: _active, position: _position, ...shown } = rose;
    expect(sent).toMatchObject({
      sender: { id, username, displayName },
      quantity: 3,
      coins: 30,
      message: 'For you',
      gift: shown,
    });
    expect([await walletOf(ann), await earnedBy(life.host)]).toEqual([70, before + 21]);
    await waitUntil('the gift', () => giftsSeenBy(watcher, ann).length > 0, 60_000);
    expect(giftsSeenBy(watcher, ann)).toEqual([{ ...sent, combo: { id: sent.id, count: 3 } }]);
    expect((await ann.client.gifts.sent({})).items).toEqual([sent]);
    expect((await life.host.client.gifts.received({ limit: 1 })).items).toEqual([sent]);
    expect((await api.client.gifts.ofSession({ id: life.sessionId, limit: 1 })).items).toEqual([sent]);
    await waitUntil(
      'the notification',
      async () => (await life.host.client.notifications.list({ type: 'gift' })).items.length > 0,
      60_000,
    );
  });

  it('says nothing to the room that its sender may not say in the chat', async () => {
    const ann = await fan(100);
    const [id, userId] = [life.sessionId, ann.user.id];
    const { chat, moderation } = life.host.client;
    await chat.setRules({ id, bannedWords: ['nasty'], linksOff: true });
    const codeOf = (message: string, key?: string) =>
      send(ann, { message }, key).then(
        () => 'sent',
        (error: unknown) => (error as { code: string }).code,
      );
    expect(await codeOf('N a s t y you')).toBe('chat_word_banned');
    expect(await codeOf('see example.org')).toBe('chat_links_off');
    const key = randomUUID();
    expect(await codeOf('hello', key)).toBe('sent');
    await moderation.mute({ id, userId });
    expect(await codeOf('hello again')).toBe('chat_muted');
    // Said before; and without words anybody gives.
    expect([await codeOf('hello', key), await codeOf('')]).toEqual(['sent', 'sent']);
    expect(await walletOf(ann)).toBe(80);
    await moderation.unmute({ id, userId });
    await chat.setRules({ id, bannedWords: [], linksOff: false });
  });

  it('is sent once for a key, at whatever process and however often at once', async () => {
    const ann = await fan(100);
    const key = randomUUID();
    const sent = await Promise.all(
      Array.from({ length: 10 }, (_, at) => send(ann, {}, key, at % 2 ? api : second)),
    );
    for (const one of sent) expect(one).toEqual(sent[0]);
    expect(await walletOf(ann)).toBe(90);
    await expect(send(ann, { quantity: 2 }, key)).rejects.toMatchObject({
      code: 'idempotency_conflict',
      status: 409,
    });
    await admin.client.gifts.update({ id: rose.id, active: false });
    expect(await send(ann, {}, key)).toEqual(sent[0]);
    await admin.client.gifts.update({ id: rose.id, active: true });
  });

  it('is refused beyond what is there, however many are sent at once', async () => {
    const [ann, nobody] = [await fan(55), await api.register()];
    const results = await Promise.allSettled(
      Array.from({ length: 12 }, (_, at) => send(ann, {}, undefined, at % 2 ? api : second)),
    );
    const refused = results.filter((result) => result.status === 'rejected');
    for (const { reason } of refused)
      expect(reason).toMatchObject({ code: 'insufficient_funds', status: 409 });
    expect([refused.length, await walletOf(ann)]).toEqual([7, 5]);
    const key = randomUUID();
    await expect(send(nobody, {}, key)).rejects.toMatchObject({ code: 'insufficient_funds' });
    await fundDirectly(backend, nobody.user.id, 10);
    await send(nobody, {}, key);
    expect(await walletOf(nobody)).toBe(0);
  });

  it('goes to people on air whom one may meet, and to nobody else', async () => {
    const [ann, guest] = [await fan(1_000), await api.register()];
    const code = async (account: Account, wish: Wish = {}, id?: string) =>
      send(account, wish, undefined, api, id).then(
        () => 'sent',
        (error: unknown) => (error instanceof Error && 'code' in error ? error.code : error),
      );
    const { database } = backend;
    const toGuest = { recipientId: guest.user.id };
    expect(await code(ann, toGuest)).toBe('conflict');
    const seat = { sessionId: life.sessionId, userId: guest.user.id };
    await database.stageSeat.create({ data: { ...seat, state: 'onStage' } });
    expect(await code(ann, toGuest)).toBe('sent');
    await guest.client.blocks.create({ id: ann.user.id });
    expect(await code(ann, toGuest)).toBe('not_found');
    await database.stageSeat.deleteMany({ where: seat });
    expect(await code(life.host, {})).toBe('conflict');
    expect(await code(ann, { giftId: newId() })).toBe('not_found');
    expect(await code(ann, {}, newId())).toBe('not_found');
    expect(await code(ann, { quantity: 0 })).toBe('validation_failed');
    expect(await code(ann, { quantity: 1_000 })).toBe('validation_failed');
    await life.host.client.bans.create({ id: life.sessionId, userId: ann.user.id });
    expect(await code(ann)).toBe('forbidden');
    await life.host.client.bans.remove({ id: life.sessionId, userId: ann.user.id });
    await ann.client.blocks.create({ id: life.host.user.id });
    expect(await code(ann)).toBe('not_found');
    await ann.client.blocks.remove({ id: life.host.user.id });
    const idle = await life.host.client.sessions.create({ title: 'later' });
    expect(await code(ann, {}, idle.id)).toBe('wrong_state');
    const path = `/api/v1/sessions/${life.sessionId}/gifts`;
    expect(refusalOf(await api.ask('POST', path, { body: { giftId: rose.id }, headers: keyed() }))).toBe(
      '401 unauthenticated',
    );
    expect(
      refusalOf(await api.ask('POST', path, { token: ann.accessToken, body: { giftId: rose.id } })),
    ).toBe('422 validation_failed');
    expect(await walletOf(ann)).toBe(990);
  });

  it('loses its words when who sent it is banned', async () => {
    const [ann, bob, watcher] = [await fan(10), await fan(10), await TestSocket.connect(api.url)];
    const { host, sessionId: id } = life;
    await watcher.ask('chat:join', { sessionId: id });
    const [bad, good] = [await send(ann, { message: 'rude' }), await send(bob, { message: 'kind' })];
    await host.client.bans.create({ id, userId: ann.user.id });
    const { items } = await second.client.gifts.ofSession({ id });
    expect(items).toEqual(expect.arrayContaining([{ ...bad, message: '' }, good]));
    const news = () => JSON.stringify(watcher.of('session:events')).includes('"senderDeleted"');
    await waitUntil('the news', news, 60_000);
  });

  it('after another one within the window goes on with its combo', async () => {
    const watcher = await TestSocket.connect(api.url);
    await watcher.ask('chat:join', { sessionId: life.sessionId });
    // Of somebody new each time: a machine that is busy for seconds between them begins a new combo.
    const inTime = async (): Promise<{ ann: Account; ids: string[] }> => {
      const ann = await fan(1_000);
      const sent = await Promise.all([1, 2, 3].map((quantity) => send(ann, { quantity })));
      const [first = 0, , last = Infinity] = sent.map(({ at }) => Date.parse(at)).sort((a, b) => a - b);
      return last - first < 5_000 ? { ann, ids: sent.map(({ id }) => id) } : inTime();
    };
    const { ann, ids } = await inTime();
    const gifts = () => giftsSeenBy(watcher, ann);
    await waitUntil('the gifts', () => gifts().length >= 3, 60_000);
    expect(new Set(gifts().map(({ id }) => id))).toEqual(new Set(ids));
    expect(new Set(gifts().map(({ combo }) => combo.id)).size).toBe(1);
    expect(Math.max(...gifts().map(({ combo }) => combo.count))).toBe(6);
  });

  it('is told once sockets can be told again, and counted once', async () => {
    const [ann, watcher] = [await fan(1_000), await TestSocket.connect(second.url)];
    await Promise.all([watcher.ask('chat:join', { sessionId: life.sessionId }), told()]);
    await backend.redis.rename(socketStream, 'kept');
    await backend.redis.set(socketStream, 'no stream');
    const sent = await send(ann, { quantity: 2 });
    const scores = async () => (await api.client.gifts.sessionLeaderboard({ id: life.sessionId })).items;
    const coinsOf = async () => (await scores()).find(({ user }) => user.id === ann.user.id)?.coins;
    await waitUntil('it to be counted', async () => (await coinsOf()) === 20, 60_000);
    expect(await backend.database.giftNews.count()).toBe(1);
    await backend.redis.rename('kept', socketStream);
    await waitUntil('the gift', () => giftsSeenBy(watcher, ann).length > 0, 60_000);
    await told();
    expect(giftsSeenBy(watcher, ann)).toEqual([{ ...sent, combo: { id: sent.id, count: 2 } }]);
    expect(await coinsOf()).toBe(20);
  });

  it('is given back by an admin, once, from those who got it', async () => {
    const ann = await fan(100);
    const sent = await send(ann, { quantity: 10 });
    const path = `/admin/gifts/sent/${sent.id}/return`;
    expect(await api.refusal(ann, 'POST', path)).toBe('403 forbidden');
    const results = await Promise.allSettled(
      [1, 2, 3].map(() => admin.client.gifts.returnSent({ id: sent.id })),
    );
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(await api.refusal(admin, 'POST', path)).toBe('409 conflict');
    expect(await api.refusal(admin, 'POST', `/admin/gifts/sent/${newId()}/return`)).toBe('404 not_found');
    expect(await walletOf(ann)).toBe(100);
    expect((await ann.client.gifts.sent({})).items).toEqual([{ ...sent, returned: true }]);
    await told();
    const { items } = await api.client.gifts.sessionLeaderboard({ id: life.sessionId, limit: 100 });
    expect(items.map(({ user }) => user.id)).not.toContain(ann.user.id);
  });

  it('that is given back after its coins were withdrawn is owed', async () => {
    const own = await (await Life.create(backend, () => api)).goLive();
    const ann = await fan(100);
    const sent = await send(ann, { quantity: 10 }, undefined, api, own.sessionId);
    const body = { coins: 60, destination: 'SA03 8000' };
    await own.host.client.wallet.createWithdrawal({ headers: keyed(), body });
    await admin.client.gifts.returnSent({ id: sent.id });
    expect(await own.host.client.wallet.get()).toMatchObject({ earned: 0, held: 60, owed: 60 });
    expect(await walletOf(ann)).toBe(100);
  });
});

describe('leaderboards', () => {
  it('say who gave and got most, hide whom a block hides, and are made anew from the ledger', async () => {
    const own = await (await Life.create(backend, () => api)).goLive();
    const [ann, bob, cat] = [await fan(1_000), await fan(1_000), await api.register()];
    await farFromMidnight();
    const give = (account: Account, quantity: number) =>
      send(account, { quantity }, undefined, second, own.sessionId);
    await Promise.all([give(ann, 5), give(bob, 7), give(ann, 1), give(bob, 2)]);
    await told();
    const { sessionId, host } = own;
    const ranks = async (account: Account = cat) => {
      const boards = [
        await account.client.gifts.sessionLeaderboard({ id: sessionId }),
        await account.client.gifts.userLeaderboard({ id: host.user.id, period: 'day' }),
        await account.client.gifts.userLeaderboard({ id: host.user.id, period: 'week' }),
        await account.client.gifts.userLeaderboard({ id: host.user.id, period: 'month' }),
      ];
      return boards.map(({ items }) => items.map(({ user, coins, rank }) => [user.id, coins, rank]));
    };
    const expected = [
      [bob.user.id, 90, 1],
      [ann.user.id, 60, 2],
    ];
    expect(await ranks()).toEqual([expected, expected, expected, expected]);
    expect(await api.client.gifts.totals({ id: sessionId })).toEqual({ gifts: 15, coins: 150, senders: 2 });
    const { items } = await api.client.gifts.hostsLeaderboard({ period: 'month' });
    expect(items).toContainEqual(expect.objectContaining({ coins: 150 }));

    await cat.client.blocks.create({ id: bob.user.id });
    expect((await ranks())[0]).toEqual([[ann.user.id, 60, 2]]);
    const listed = await cat.client.gifts.ofSession({ id: sessionId });
    expect(new Set(listed.items.map(({ sender }) => sender.id))).toEqual(new Set([ann.user.id]));
    await cat.client.blocks.remove({ id: bob.user.id });

    expect(await api.refusal(cat, 'POST', '/admin/leaderboards/rebuild')).toBe('403 forbidden');
    expect(await admin.client.gifts.rebuildLeaderboards()).toMatchObject({ drifted: 0 });
    const keys = await backend.redis.keys('maydan:gifts:board:*');
    await backend.redis.del(keys[0]!, ...keys.slice(1));
    await backend.redis.zadd(`maydan:gifts:board:session:${newId()}`, 5, 'x');
    // Gifts go on meanwhile, and are counted once.
    const [rebuilt] = await Promise.all([
      admin.client.gifts.rebuildLeaderboards(),
      ...[1, 2, 3, 4].map(() => give(ann, 1)),
    ]);
    expect(rebuilt.drifted).toBeGreaterThan(0);
    await told();
    expect((await ranks())[0]).toEqual([
      [ann.user.id, 100, 1],
      [bob.user.id, 90, 2],
    ]);
    expect(await admin.client.gifts.rebuildLeaderboards()).toMatchObject({ drifted: 0 });
  });

  it('of sessions and people that aren’t there are not to be had', async () => {
    for (const path of [
      `/sessions/${newId()}/leaderboard`,
      `/users/${newId()}/leaderboard`,
      `/sessions/${newId()}/gifts`,
      `/sessions/${newId()}/gifts/totals`,
    ]) {
      expect(await api.refusal(null, 'GET', path)).toBe('404 not_found');
    }
    expect(await api.refusal(null, 'GET', '/leaderboards/hosts?period=year')).toBe('422 validation_failed');
    expect(await api.refusal(null, 'GET', '/me/gifts/sent')).toBe('401 unauthenticated');
  });
});

describe('a deleted person', () => {
  it('leaves gifts without what was written with them', async () => {
    const ann = await fan(100);
    const sent = await send(ann, { message: 'my secret' });
    const body = { password: ann.password };
    expect((await api.ask('POST', '/api/v1/account/delete', { token: ann.accessToken, body })).status).toBe(
      202,
    );
    const { database } = backend;
    await waitUntil(
      'the message to go',
      async () => (await database.sentGift.findUniqueOrThrow({ where: { id: sent.id } })).message === '',
      60_000,
    );
  });
});
