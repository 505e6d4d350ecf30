import { createPublicKey } from 'node:crypto';
import { waitUntil } from '@maydan/infra';
import jwt from 'jsonwebtoken';
import { allPushed, allTold } from '../testing/notifications.ts';
import { PushEndpoint } from '../testing/PushEndpoint.ts';
import { idOf, refusalOf, type Account, type TestApi } from '../testing/TestApi.ts';
import { TestBackend } from '../testing/TestBackend.ts';

const privateKey = 'UUxI4O8-FbRouAevSmBQ6o18hgE4nSG3qwvJTfKc-ls';
const environment = { VAPID_PRIVATE_KEY: privateKey, PUSH_ALLOW_PRIVATE: 'true', PUSH_RETRY_MS: '50' };
let backend: TestBackend;
let service: PushEndpoint;
let api: TestApi;
/** Both queue and send. */
let second: TestApi;

beforeAll(async () => {
  service = await PushEndpoint.start();
  backend = await TestBackend.start();
  api = await backend.startApi(environment);
  second = await backend.startApi(environment);
});
afterAll(async () => {
  await backend?.close();
  await service?.close();
});

const register = (account: Account, body: unknown, at: TestApi = api) =>
  at.ask('PUT', '/api/v1/me/push-devices', { token: account.accessToken, body });

describe('a push', () => {
  it('reaches each of the browsers, once, encrypted for it and signed by us, in the language of its user', async () => {
    const [ann, bob] = (await api.people(2)) as [Account, Account];
    await ann.client.account.update({ language: 'ar' });
    const browsers = [service.subscribe(), service.subscribe()];
    for (const browser of browsers) await ann.client.push.register(browser);
    await bob.client.people.follow(idOf(ann));
    await allPushed(backend);
    const { webPushPublicKey } = await ann.client.push.config();
    for (const { endpoint } of browsers) {
      const [pushed, ...more] = service.to(endpoint);
      expect(more).toEqual([]);
      expect(pushed?.payload).toMatchObject({
        ...{ type: 'follow', title: 'متابعة جديدة', body: `\u2068${bob.user.displayName}\u2069` },
        ...{ lang: 'ar', dir: 'rtl', data: {} },
      });
      expect(pushed?.headers).toMatchObject({
        ttl: '259200',
        urgency: 'low',
        'content-encoding': 'aes128gcm',
      });
      const [, token, key] = /^vapid t=(\S+), k=(\S+)$/.exec(String(pushed?.headers.authorization)) ?? [];
      expect(key).toBe(webPushPublicKey);
      const point = Buffer.from(key!, 'base64url');
      const [x, y] = [point.subarray(1, 33).toString('base64url'), point.subarray(33).toString('base64url')];
      const publicKey = createPublicKey({ format: 'jwk', key: { kty: 'EC', crv: 'P-256', x, y } });
      const claims = jwt.verify(token!, publicKey, { algorithms: ['ES256'], audience: service.url });
      expect(claims).toMatchObject({ sub: expect.stringMatching(/^mailto:/) });
    }
  });

  it('is tried again while the service can’t take it, given up when it refuses, and a dead device is forgotten', async () => {
    const [ann, bob, cat, dan] = (await api.people(4)) as [Account, Account, Account, Account];
    const [patient, refused, dead] = [service.subscribe(), service.subscribe(), service.subscribe()];
    await ann.client.push.register(patient);
    service.answers.push({ status: 503 }, { status: 429, headers: { 'retry-after': '1' } });
    await bob.client.people.follow(idOf(ann));
    await waitUntil('the push', () => service.to(patient.endpoint).length > 0, 60_000);
    await allPushed(backend);
    expect(service.to(patient.endpoint)).toHaveLength(1);
    expect(service.answers).toEqual([]);

    await cat.client.push.register(refused);
    service.answers.push({ status: 400 });
    await bob.client.people.follow(idOf(cat));
    await allPushed(backend);
    expect([service.to(refused.endpoint), (await cat.client.push.list()).items.length]).toEqual([[], 1]);

    for (const status of [404, 410]) {
      await dan.client.push.register(dead);
      service.answers.push({ status });
      await (status === 404 ? bob : cat).client.people.follow(idOf(dan));
      await dan.client.notifications.read({ all: true, until: '2000-01-01T00:00:00.000Z' });
      // Of a notification that grows there is a push every ten minutes.
      await allTold(backend);
      const where = { userId: dan.user.id };
      await backend.database.notification.updateMany({ where, data: { pushAt: new Date() } });
      await waitUntil(
        'it to be forgotten',
        async () => (await dan.client.push.list()).items.length === 0,
        60_000,
      );
      await allPushed(backend);
      service.answers.length = 0;
    }
  });

  it('is not sent of what was read, by settings, in quiet hours, to a device whose sign-in has ended', async () => {
    const [ann, bob, cat, dan] = (await api.people(4)) as [Account, Account, Account, Account];
    const subscriptions = [ann, bob, cat].map(() => service.subscribe());
    for (const [index, one] of [ann, bob, cat].entries())
      await one.client.push.register(subscriptions[index]!);
    await ann.client.notifications.changeSettings({ types: { follow: { push: false } } });
    const hour = (shift: number): string => {
      const at = new Date(Date.now() + shift * 3_600_000);
      return `${String(at.getUTCHours()).padStart(2, '0')}:00`;
    };
    const quietHours = { from: hour(-1), to: hour(2), timeZone: 'UTC' };
    await bob.client.notifications.changeSettings({ quietHours });
    await cat.client.auth.logout({ refreshToken: cat.refreshToken });
    for (const one of [ann, bob, cat]) await dan.client.people.follow(idOf(one));
    await allPushed(backend);
    for (const { endpoint } of subscriptions) expect(service.to(endpoint)).toEqual([]);

    // It is sent when they end, unless it was read; also what became due after they had begun, or was turned off meanwhile.
    const held = async () => {
      const where = { userId: bob.user.id, pushAt: { gt: new Date() } };
      return backend.database.notification.count({ where });
    };
    // At another time each time: a push of one time is queued once.
    const become = async () => {
      const data = { pushAt: new Date() };
      await backend.database.notification.updateMany({ where: { userId: bob.user.id }, data });
    };
    expect(await held()).toBe(1);
    await become();
    await allPushed(backend);
    expect([await held(), service.to(subscriptions[1]!.endpoint)]).toEqual([1, []]);
    await bob.client.notifications.changeSettings({ quietHours: null, types: { follow: { push: false } } });
    await become();
    await allPushed(backend);
    expect([await held(), service.to(subscriptions[1]!.endpoint)]).toEqual([0, []]);
    await bob.client.notifications.changeSettings({ types: { follow: { push: true } } });
    await become();
    await allPushed(backend);
    expect(service.to(subscriptions[1]!.endpoint)).toHaveLength(1);
    const [told] = (await bob.client.notifications.list({})).items;
    // Of somebody who is blocked by then nothing is sent, either.
    await bob.client.blocks.create(idOf(dan));
    await become();
    await allPushed(backend);
    expect(service.to(subscriptions[1]!.endpoint)).toHaveLength(1);
    await bob.client.blocks.remove(idOf(dan));
    await bob.client.notifications.read({ ids: [told!.id] });
    await become();
    await allPushed(backend);
    expect(service.to(subscriptions[1]!.endpoint)).toHaveLength(1);
  });
});

describe('a device', () => {
  it('belongs to who registered it last, however often, and can be removed', async () => {
    const [ann, bob] = (await api.people(2)) as [Account, Account];
    const browser = service.subscribe();
    await Promise.all([1, 2, 3, 4].map(() => register(ann, browser, second)));
    expect((await ann.client.push.list()).items).toHaveLength(1);
    const { id } = await bob.client.push.register(browser);
    expect([(await ann.client.push.list()).items, (await bob.client.push.list()).items.length]).toEqual([
      [],
      1,
    ]);
    await ann.client.push.remove({ id });
    expect((await bob.client.push.list()).items).toHaveLength(1);
    await bob.client.push.remove({ id });
    await bob.client.push.remove({ id });
    expect((await bob.client.push.list()).items).toEqual([]);
  });

  it('is one of twenty: a further one takes the place of the oldest', async () => {
    const [ann, bob] = (await api.people(2)) as [Account, Account];
    const oldest = await ann.client.push.register(service.subscribe());
    await bob.client.push.register(service.subscribe());
    const ats = Array.from({ length: 24 }, (_, index) => (index % 2 === 0 ? api : second));
    const answers = await Promise.all(ats.map((at) => register(ann, service.subscribe(), at)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    const kept = (await ann.client.push.list()).items.map(({ id }) => id);
    expect([kept.length, new Set(kept).size, kept.includes(oldest.id)]).toEqual([20, 20, false]);
    const newest = await ann.client.push.register(service.subscribe());
    const then = (await ann.client.push.list()).items.map(({ id }) => id);
    expect(then).toEqual([newest.id, ...kept.slice(0, 19)]);
    expect((await bob.client.push.list()).items).toHaveLength(1);
  });

  it('is forgotten as soon as its sign-in ends, also when it is registered at the same time', async () => {
    const [ann, ...others] = (await api.people(8)) as [Account, ...Account[]];
    const { username } = ann.user;
    const other = await api.client.auth.login({ login: username, password: ann.password });
    const { id } = await ann.client.push.register(service.subscribe());
    await api.clientOf(other.accessToken).push.register(service.subscribe());
    await ann.client.auth.changePassword({
      currentPassword: ann.password,
      newPassword: 'another-pass-word-7',
    });
    expect((await ann.client.push.list()).items.map((device) => device.id)).toEqual([id]);
    await ann.client.auth.logout({ refreshToken: ann.refreshToken });

    await Promise.all(others.map(({ client }) => client.push.register(service.subscribe())));
    const races = others.map(async (one) => {
      const before = [api, second].map((at) => register(one, service.subscribe(), at));
      const ended = one.client.auth.logout({ refreshToken: one.refreshToken });
      const after = [second, api].map((at) => register(one, service.subscribe(), at));
      await ended;
      return Promise.all([...before, ...after]);
    });
    const refused = (await Promise.all(races)).flat().filter(({ status }) => status !== 200);
    for (const answer of refused) expect(refusalOf(answer)).toBe('401 token_invalid');
    const userId = { in: [ann, ...others].map(({ user }) => user.id) };
    expect(await backend.database.pushDevice.count({ where: { userId } })).toBe(0);
    expect(refusalOf(await register(ann, service.subscribe()))).toBe('401 token_invalid');
  });

  it('is refused when it can’t be one', async () => {
    const [ann] = (await api.people(1)) as [Account];
    const { endpoint, keys } = service.subscribe();
    for (const body of [
      { endpoint: 'nonsense', keys },
      { endpoint },
      { endpoint, keys: { ...keys, auth: 'AAAA' } },
      { endpoint, keys: { ...keys, p256dh: Buffer.alloc(65, 4).toString('base64url') } },
      { endpoint: `${endpoint}${'x'.repeat(1_000)}`, keys },
    ]) {
      expect(refusalOf(await register(ann, body))).toBe('422 validation_failed');
    }
    expect(refusalOf(await api.ask('PUT', '/api/v1/me/push-devices', { body: { endpoint, keys } }))).toBe(
      '401 unauthenticated',
    );
    const strict = await backend.startApi({ ...environment, PUSH_ALLOW_PRIVATE: 'false' });
    expect(refusalOf(await register(ann, { endpoint, keys }, strict))).toBe('422 validation_failed');
    const without = await backend.startApi();
    expect(refusalOf(await register(ann, { endpoint, keys }, without))).toBe('409 push_not_set_up');
    await Promise.all([strict.close(), without.close()]);
  });
});
