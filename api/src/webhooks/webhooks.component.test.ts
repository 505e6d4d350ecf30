import { randomUUID } from 'node:crypto';
import type { WebhookDelivery, WebhookType, WebhookWithSecret } from '@maydan/contracts';
import { waitUntil } from '@maydan/infra';
import { newId } from '@maydan/prisma';
import { refusalOf, type Account, type TestApi } from '../testing/TestApi.ts';
import { TestBackend } from '../testing/TestBackend.ts';
import { isSigned, WebhookEndpoint, type WebhookAnswer } from '../testing/WebhookEndpoint.ts';
import { WebhooksData } from './webhooksData.repo.ts';

const withinMs = 60_000;
const environment = {
  ...{ WEBHOOK_ALLOW_PRIVATE: 'true', WEBHOOK_RETRY_MS: '50', WEBHOOK_RATE_PER_USER: '1000' },
  // Endpoints are in the process of the test, which may stand still: where they are to answer, they have time.
  ...{ WEBHOOK_TIMEOUT_MS: '60000', WEBHOOK_MAX_WAITING: '5', PEOPLE_RATE_PER_USER: '1000' },
};
let backend: TestBackend;
let receiver: WebhookEndpoint;
let api: TestApi;
/** Both queue and send. */
let second: TestApi;
let host: Account;
let fan: Account;

beforeAll(async () => {
  receiver = await WebhookEndpoint.start();
  backend = await TestBackend.start();
  [api, second] = [await backend.startApi(environment), await backend.startApi(environment)];
});
beforeEach(async () => {
  [host, fan] = await Promise.all([api.register(), api.register()]);
});
afterAll(async () => {
  await backend?.close();
  await receiver?.close();
});

const hear = (types: WebhookType[], url: string, { client } = host) => client.webhooks.create({ url, types });
const follow = (who = fan) => who.client.people.follow({ id: host.user.id });
const deliveries = async ({ id }: { id: string }, who = host): Promise<WebhookDelivery[]> =>
  (await who.client.webhooks.deliveries({ id })).items;
async function until(
  webhook: { id: string },
  isSo: (delivery: WebhookDelivery) => boolean,
  who = host,
): Promise<WebhookDelivery> {
  let found: WebhookDelivery | undefined;
  await waitUntil(
    'the delivery',
    async () => (found = (await deliveries(webhook, who)).find(isSo)) !== undefined,
    withinMs,
  );
  return found!;
}
const isDelivered = ({ state }: WebhookDelivery): boolean => state === 'delivered';

describe('a message', () => {
  it('is signed, sent once for what happened, and shown with how it went', async () => {
    const url = receiver.address({ status: 202, body: 'thanks\u0000' });
    const hook = await hear(['follower.new'], url);
    const elsewhere = second.clientOf(fan.accessToken);
    await Promise.all([follow(), follow(), elsewhere.people.follow({ id: host.user.id })]);
    const delivery = await until(hook, isDelivered);
    await fan.client.people.unfollow({ id: host.user.id });
    await follow();
    const [first, ...more] = receiver.at(url);
    expect(more).toEqual([]);
    expect(first?.headers).toMatchObject({ 'webhook-id': delivery.id, 'content-type': 'application/json' });
    expect(isSigned(first!, hook.secret)).toBe(true);
    expect(isSigned({ ...first!, body: Buffer.from('{}') }, hook.secret)).toBe(false);
    const data = { followerId: fan.user.id, followeeId: host.user.id };
    expect(first?.message).toEqual({ type: 'follower.new', timestamp: delivery.createdAt, data });
    expect(delivery).toMatchObject({ attempts: 1, status: 202, answer: 'thanks', error: null, nextAt: null });
    expect((await deliveries(hook)).length).toBe(1);
    expect(Math.abs(Number(first?.headers['webhook-timestamp']) - Date.now() / 1_000)).toBeLessThan(withinMs);
  });

  it('is written with what happened or not at all, and reaches those who want to hear of it', async () => {
    const [mine, others, all] = [receiver.address(), receiver.address(), receiver.address()];
    const admin = await api.register();
    await backend.giveRole(admin, 'admin');
    const hook = await hear(['gift.sent'], mine);
    await hear(['session.started'], mine);
    await hear(['gift.sent'], others, fan);
    const platform = await admin.client.webhooks.create({ url: all, types: ['gift.sent'], platform: true });
    const gift = {
      sessionId: randomUUID(),
      senderId: fan.user.id,
      recipientId: host.user.id,
      giftId: newId(),
    };
    const row = { ...gift, quantity: 2, coins: 10n, commission: 3n };
    const failed = backend.database.$transaction(async (transaction) => {
      await transaction.sentGift.create({ data: { ...row, id: newId() } });
      throw new Error('rolled back');
    });
    await expect(failed).rejects.toThrow('rolled back');
    const { id } = await backend.database.sentGift.create({ data: { ...row, id: newId() } });
    await Promise.all([until(hook, isDelivered), until(platform, isDelivered, admin)]);
    for (const url of [mine, all]) {
      expect(receiver.at(url).map(({ message }) => message.data)).toEqual([
        { ...gift, sentGiftId: id, quantity: 2, coins: 10 },
      ]);
    }
    expect(receiver.at(others)).toEqual([]);
    // A former admin's endpoint hears nothing more.
    await backend.giveRole(admin, 'user');
    await backend.database.sentGift.create({ data: { ...row, id: newId() } });
    const off = async () => (await admin.client.webhooks.list()).items[0]?.disabledReason;
    await waitUntil('the webhook being off', async () => (await off()) === 'forbidden', withinMs);
    expect(receiver.at(all).length).toBe(1);
  });

  it('tells of a session’s life, in its order', async () => {
    const url = receiver.address();
    const hook = await hear(['session.started', 'session.ended', 'video.ready'], url);
    const { id } = await host.client.sessions.create({ title: 'بث' });
    const set = (data: object) => backend.database.session.update({ where: { id }, data });
    await set({ state: 'live', startedAt: new Date() });
    await set({ state: 'interrupted' });
    await set({ state: 'live' });
    await set({ state: 'ended', recorded: true, durationMs: 5_000, endReason: 'hostEnded' });
    await set({ title: 'another' });
    await until(hook, ({ type, state }) => type === 'video.ready' && state === 'delivered');
    const about = { sessionId: id, hostId: host.user.id, title: 'بث' };
    expect(receiver.at(url).map(({ message: { type, data } }) => ({ type, data }))).toEqual([
      { type: 'session.started', data: about },
      {
        type: 'session.ended',
        data: { ...about, state: 'ended', endReason: 'hostEnded', durationMs: 5_000 },
      },
      { type: 'video.ready', data: { ...about, durationMs: 5_000 } },
    ]);
    const { id: never } = await host.client.sessions.create({ title: 'never' });
    await host.client.sessions.end({ id: never });
    expect((await deliveries(hook)).length).toBe(3);
  });

  it('is sent again until it arrives, with the same id; what redirects or answers without end harms nobody', async () => {
    const inside = receiver.address();
    const redirect = { status: 302, headers: { location: inside } };
    const cases: [WebhookAnswer[], Partial<WebhookDelivery>][] = [
      [[{ status: 500, body: 'broken' }, { status: 503 }], { attempts: 3, status: 200, answer: 'ok' }],
      [[redirect, redirect], { attempts: 3, status: 200 }],
      [[{ body: 'x'.repeat(5_000_000) }], { attempts: 1, status: 200, answer: 'x'.repeat(512) }],
    ];
    const hooks: WebhookWithSecret[] = [];
    for (const [answers] of cases) hooks.push(await hear(['follower.new'], receiver.address(...answers)));
    const quick = receiver.address();
    const quickHook = await hear(['follower.new'], quick);
    await follow();
    await until(quickHook, isDelivered);
    for (const [at, [, expected]] of cases.entries()) {
      const hook = hooks[at]!;
      expect(await until(hook, isDelivered)).toMatchObject(expected);
      const got = receiver.at(hook.url);
      expect([got.length, new Set(got.map(({ headers }) => headers['webhook-id'])).size]).toEqual([
        expected.attempts,
        1,
      ]);
      expect(got.every((one) => isSigned(one, hook.secret))).toBe(true);
    }
    expect(receiver.at(inside)).toEqual([]);
    const { items } = await host.client.webhooks.list();
    expect(items.map(({ failingSince }) => failingSince)).toEqual(items.map(() => null));
  });

  it('is sent anew when its owner asks for it, also twice at once', async () => {
    const url = receiver.address();
    const hook = await hear(['follower.new'], url);
    await follow();
    const { id: deliveryId } = await until(hook, isDelivered);
    const replay = { id: hook.id, deliveryId };
    const [one] = await Promise.all([
      host.client.webhooks.replay(replay),
      second.clientOf(host.accessToken).webhooks.replay(replay),
    ]);
    expect(one.id).toBe(deliveryId);
    await waitUntil('the message again', () => receiver.at(url).length >= 2, withinMs);
    await until(hook, isDelivered);
    const ids = receiver.at(url).map(({ headers }) => headers['webhook-id']);
    expect([ids.length <= 3, new Set(ids)]).toEqual([true, new Set([deliveryId])]);
    const path = `/me/webhooks/${hook.id}/deliveries`;
    expect(await api.refusal(fan, 'POST', `${path}/${deliveryId}/replay`)).toBe('404 not_found');
    expect(await api.refusal(fan, 'GET', path)).toBe('404 not_found');
    expect(await api.refusal(host, 'POST', `${path}/${randomUUID()}/replay`)).toBe('404 not_found');
    expect(await api.refusal(host, 'GET', `${path}?cursor=x`)).toBe('422 validation_failed');
    await follow(await api.register());
    await follow(await api.register());
    const pages: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await host.client.webhooks.deliveries({ id: hook.id, limit: 2, cursor });
      pages.push(...page.items.map(({ id }) => id));
      cursor = page.nextCursor ?? undefined;
    } while (cursor !== undefined);
    expect([pages.length, new Set(pages).size, pages.at(-1)]).toEqual([3, 3, deliveryId]);
  });
});

describe('an endpoint', () => {
  it('that has too much to do is left alone as long as it asks for', async () => {
    const busy = { status: 503, headers: { 'retry-after': '2' } };
    const hook = await hear(['follower.new'], receiver.address(busy));
    const broken = { status: 500, headers: { 'retry-after': '3000' } };
    const other = await hear(['follower.new'], receiver.address(broken));
    await follow();
    const { attempts, attemptedAt, createdAt } = await until(hook, isDelivered);
    expect([attempts, Date.parse(attemptedAt!) - Date.parse(createdAt) >= 2_000]).toEqual([2, true]);
    expect(await until(other, isDelivered)).toMatchObject({ attempts: 2 });
  });

  it('has only so many messages wait; the oldest are given up, and can be sent again', async () => {
    const url = receiver.address();
    const { id } = await hear(['follower.new'], url);
    const { webhook, webhookDelivery } = backend.database;
    const rest = (restUntil: Date | null) => webhook.update({ where: { id }, data: { restUntil } });
    await rest(new Date(Date.now() + 3_600_000));
    const data = { followerId: fan.user.id, followeeId: host.user.id };
    const messages = Array.from({ length: 8 }, (_, at) => ({ key: `test:${at}`, data: { ...data, at } }));
    const rows = messages.map((message) => ({ ...message, webhookId: id, type: 'follower.new' }));
    await webhookDelivery.createMany({ data: rows });
    const givenUp = await until({ id }, ({ error }) => error === 'too_many_waiting');
    expect(givenUp).toMatchObject({ state: 'failed', nextAt: null, attempts: 0 });
    const states = async () => (await deliveries({ id })).map(({ state }) => state);
    expect(await states()).toEqual([...Array<string>(5).fill('pending'), ...Array<string>(3).fill('failed')]);
    await rest(null);
    const arrived = () => receiver.at(url).map(({ message }) => message.data.at);
    await waitUntil('the others', () => arrived().length === 5, withinMs);
    expect(arrived()).toEqual([3, 4, 5, 6, 7]);
    await host.client.webhooks.replay({ id, deliveryId: givenUp.id });
    await waitUntil('the one that was given up', () => arrived().length === 6, withinMs);
  });
});

describe('a webhook', () => {
  it('that fails for a day, or is gone, is turned off, and its owner is told', async () => {
    const broken: WebhookAnswer[] = Array.from({ length: 20 }, () => ({ status: 500 }));
    const failing = await hear(['follower.new'], receiver.address(...broken));
    const gone = await hear(['follower.new'], receiver.address({ status: 410 }));
    const failingSince = new Date(Date.now() - 86_400_000);
    await backend.database.webhook.update({ where: { id: failing.id }, data: { failingSince } });
    await follow();
    const reasons = async () => (await host.client.webhooks.list()).items.map((one) => one.disabledReason);
    await waitUntil('both to be off', async () => !(await reasons()).includes(null), withinMs);
    expect(await reasons()).toEqual(['failing', 'gone']);
    const told = async () => (await host.client.notifications.list({ type: 'system' })).items;
    await waitUntil('the notifications', async () => (await told()).length === 2, withinMs);
    await follow(await api.register());
    const [failed, ...none] = await deliveries(failing);
    expect([failed?.state, failed?.status, none]).toEqual(['failed', 500, []]);
    const on = await host.client.webhooks.update({ id: gone.id, enabled: true });
    expect(on).toMatchObject({ enabled: true, disabledReason: null });
    await host.client.webhooks.replay({ id: gone.id, deliveryId: (await deliveries(gone))[0]!.id });
    await until(gone, isDelivered);
  });

  it('has a secret that is shown once, and replaced without a gap', async () => {
    const url = receiver.address();
    const hook = await hear(['follower.new'], url);
    const { id, secret } = hook;
    expect(secret).toMatch(/^whsec_[\w+/]{43}=$/);
    expect(JSON.stringify(await host.client.webhooks.list())).not.toContain(secret);
    const { secret: newer } = await host.client.webhooks.rotate({ id });
    await follow();
    await until(hook, isDelivered);
    const [both] = receiver.at(url);
    expect([isSigned(both!, secret), isSigned(both!, newer)]).toEqual([true, true]);
    await backend.database.webhook.update({ where: { id }, data: { oldSecretUntil: new Date(0) } });
    await follow(await api.register());
    await waitUntil('another message', () => receiver.at(url).length === 2, withinMs);
    const [, alone] = receiver.at(url);
    expect([isSigned(alone!, secret), isSigned(alone!, newer)]).toEqual([false, true]);
    expect(backend.log.includes(secret) || backend.log.includes(newer)).toBe(false);
    const row = await backend.database.webhook.findUniqueOrThrow({ where: { id } });
    expect(JSON.stringify(row)).not.toContain(newer.slice(6));
  });

  it('is its owner’s alone; there are ten at most; what can’t be one is refused', async () => {
    const url = receiver.address();
    const { id } = await hear(['follower.new'], url);
    for (const [method, path, body] of [
      ['PATCH', `/me/webhooks/${id}`, { enabled: false }],
      ['POST', `/me/webhooks/${id}/rotate`, undefined],
      ['DELETE', `/me/webhooks/${id}`, undefined],
    ] as const) {
      expect(await api.refusal(fan, method, path, body)).toBe('404 not_found');
    }
    const types = ['follower.new'];
    for (const body of [
      ...[{ url }, { url, types: [] }, { url, types: ['nothing'] }, { url: 'x', types }, { types }],
      ...[
        { url: 'ftp://a.example/', types },
        { url: 'https://u:p@a.example/', types },
      ],
    ]) {
      expect(await api.refusal(host, 'POST', '/me/webhooks', body)).toBe('422 validation_failed');
    }
    const wide = { url, types, platform: true };
    expect(await api.refusal(host, 'POST', '/me/webhooks', wide)).toBe('403 forbidden');
    const token = host.accessToken;
    const answers = await Promise.all(
      Array.from({ length: 14 }, (_, at) =>
        (at % 2 ? api : second).ask('POST', '/api/v1/me/webhooks', { token, body: { url, types } }),
      ),
    );
    const refused = answers.filter(({ status }) => status !== 201);
    expect(refused.map(refusalOf)).toEqual(Array.from({ length: 5 }, () => '409 conflict'));
    expect((await host.client.webhooks.list()).items.length).toBe(10);
    await host.client.webhooks.remove({ id });
    expect(await api.refusal(host, 'DELETE', `/me/webhooks/${id}`)).toBe('404 not_found');
    const data = new WebhooksData(backend.database);
    const kept: object[] = [];
    for await (const { row } of data.export(host.user.id)) kept.push(row);
    expect([kept.length, JSON.stringify(kept).includes('ecret')]).toEqual([9, false]);
    await data.erase(host.user.id);
    expect((await host.client.webhooks.list()).items).toEqual([]);
  });
});

// These end the api processes that others need: they come last.
describe('an api process', () => {
  const followed = () =>
    backend.database.follow.create({ data: { followerId: fan.user.id, followeeId: host.user.id } });

  it('that is killed while it sends leaves the message to others', async () => {
    const url = receiver.address({ hang: true });
    const hook = await hear(['follower.new'], url);
    await Promise.all([api.close(), second.close()]);
    const killed = await backend.startProcess(0, environment);
    await followed();
    await waitUntil('the message on its way', () => receiver.at(url).length === 1, withinMs);
    await killed.end('SIGKILL');
    api = await backend.startApi(environment);
    const client = api.clientOf(host.accessToken);
    await until(hook, isDelivered, { ...host, client });
    const ids = receiver.at(url).map(({ headers }) => headers['webhook-id']);
    expect([ids.length, new Set(ids).size]).toEqual([2, 1]);
  });

  it('that hears nothing from an endpoint tells others meanwhile, and sends the message again', async () => {
    await api.close();
    api = await backend.startApi({ ...environment, WEBHOOK_TIMEOUT_MS: '2000' });
    const owner = { ...host, client: api.clientOf(host.accessToken) };
    const hook = await hear(['follower.new'], receiver.address({ hang: true }), owner);
    const quick = await hear(['follower.new'], receiver.address(), owner);
    await followed();
    await until(quick, isDelivered, owner);
    const { attempts, id } = await until(hook, isDelivered, owner);
    const ids = receiver.at(hook.url).map(({ headers }) => headers['webhook-id']);
    // More attempts than two: this process itself was too slow to answer.
    expect([ids.length > 1, ids.length <= attempts, new Set(ids)]).toEqual([true, true, new Set([id])]);
  });

  it('that may not send inside neither takes such addresses nor goes where a name leads', async () => {
    const strict = await backend.startApi({ ...environment, WEBHOOK_ALLOW_PRIVATE: 'false' });
    await api.close();
    const types = ['follower.new'];
    for (const url of [
      ...[receiver.address(), 'http://example.org/', 'https://127.0.0.1/', 'https://[::1]/'],
      ...['https://10.0.0.1/', 'https://169.254.169.254/latest', 'https://2130706433/', 'https://localhost/'],
    ]) {
      const refusal = await strict.refusal(host, 'POST', '/me/webhooks', { url, types });
      expect([url, refusal]).toEqual([url, '422 validation_failed']);
    }
    const owner = { ...host, client: strict.clientOf(host.accessToken) };
    const hook = await hear(['follower.new'], 'https://a.localhost/hook', owner);
    const inside = await hear(['follower.new'], 'https://b.example/', owner);
    await backend.database.webhook.update({ where: { id: inside.id }, data: { url: receiver.address() } });
    await followed();
    const tried = await until(hook, ({ attempts }) => attempts > 0, owner);
    expect(tried.error).toMatch(/^(ERR_ADDRESS_NOT_PUBLIC|ENOTFOUND|EAI_AGAIN)$/);
    const refused = await until(inside, ({ attempts }) => attempts > 0, owner);
    expect([refused.error, refused.status]).toEqual(['ERR_ADDRESS_NOT_PUBLIC', null]);
  });
});
