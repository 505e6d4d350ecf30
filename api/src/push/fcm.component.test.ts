import { newKey } from '../testing/OpenIdIssuer.ts';
import { FcmEndpoint, fcmError, pemOf } from '../testing/FcmEndpoint.ts';
import { allPushed } from '../testing/notifications.ts';
import { idOf, refusalOf, type TestApi } from '../testing/TestApi.ts';
import { TestBackend } from '../testing/TestBackend.ts';
import { FcmAccess } from './FcmAccess.ts';
import { PushPutOff } from './PushSender.ts';
import { serviceAccount } from './serviceAccount.ts';

let endpoint: FcmEndpoint;
let backend: TestBackend;
let api: TestApi;

beforeAll(async () => {
  endpoint = await FcmEndpoint.start();
  backend = await TestBackend.start();
  api = await backend.startApi({ ...endpoint.environment, PUSH_RETRY_MS: '50' });
});
afterEach(() => {
  endpoint.answers.length = 0;
  endpoint.tokenAnswers.length = 0;
});
afterAll(async () => {
  await backend?.close();
  await endpoint?.close();
});

/** Somebody with so many apps, and somebody who follows them next. */
async function audience(apps: number) {
  const [ann, bob] = await Promise.all([api.register(), api.register()]);
  const tokens = Array.from({ length: apps }, () => endpoint.app());
  await Promise.all(tokens.map((token) => ann.client.push.register({ kind: 'fcm', token })));
  const follow = async (): Promise<void> => {
    await bob.client.people.follow(idOf(ann));
    await allPushed(backend);
  };
  const devices = async () => (await ann.client.push.list()).items;
  return { ann, bob, tokens, follow, devices };
}

/** How often Google was asked for a token and to send, while `work` ran. */
async function asked(work: () => Promise<void>): Promise<{ tokens: number; sends: number }> {
  const [tokens, sends] = [endpoint.tokenRequests, endpoint.askedAt.length];
  await work();
  return { tokens: endpoint.tokenRequests - tokens, sends: endpoint.askedAt.length - sends };
}

describe('a push to apps', () => {
  it('reaches each of them once, in the language of its user, with one access token', async () => {
    const { ann, bob, tokens, follow } = await audience(20);
    await ann.client.account.update({ language: 'ar' });
    // Whether there was one before or not.
    endpoint.expireTokens();
    expect((await asked(follow)).tokens).toBe(1);
    const [told] = (await ann.client.notifications.list({})).items;
    for (const token of tokens) {
      const [message, ...more] = endpoint.to(token);
      expect(more).toEqual([]);
      expect(message).toMatchObject({
        notification: { title: 'متابعة جديدة', body: `\u2068${bob.user.displayName}\u2069` },
        data: { id: told?.id, type: 'follow' },
        android: { priority: 'NORMAL', ttl: '259200s' },
      });
      const { headers } = message!.apns;
      expect(headers['apns-collapse-id']).toBe(message!.android.collapse_key);
      const leftSec = Number(headers['apns-expiration']) - Date.now() / 1_000;
      expect(leftSec).toBeLessThanOrEqual(259_200);
      expect(leftSec).toBeGreaterThan(259_200 - 600);
    }
  });

  it('forgets apps that FCM knows no more, and no other', async () => {
    const dead = await audience(2);
    endpoint.answers.push(
      { status: 404, body: fcmError(404, 'NOT_FOUND', 'UNREGISTERED') },
      { status: 400, body: fcmError(400, 'INVALID_ARGUMENT', 'INVALID_ARGUMENT', 'message.token') },
    );
    expect((await asked(dead.follow)).sends).toBe(2);
    expect([await dead.devices(), endpoint.answers]).toEqual([[], []]);

    const alive = await audience(1);
    endpoint.answers.push({
      status: 400,
      body: fcmError(400, 'INVALID_ARGUMENT', 'INVALID_ARGUMENT', 'message.data[0].value'),
    });
    expect((await asked(alive.follow)).sends).toBe(1);
    expect(await alive.devices()).toHaveLength(1);
  });

  it('is tried again when FCM can take it, not before', async () => {
    const { tokens, follow } = await audience(1);
    const busy = { headers: { 'retry-after': '1' }, body: fcmError(503, 'UNAVAILABLE', 'UNAVAILABLE') };
    endpoint.answers.push({ status: 503, ...busy }, { status: 429, ...busy }, { status: 500, body: 'oops' });
    expect((await asked(follow)).sends).toBe(4);
    expect(endpoint.to(tokens[0]!)).toHaveLength(1);
    const [first, second, third] = endpoint.askedAt.slice(-4) as [number, number, number];
    expect(Math.min(second - first, third - second)).toBeGreaterThan(900);
  });

  it('renews an access token that FCM refuses once, and goes on later when that one is refused, too', async () => {
    const { tokens, follow } = await audience(1);
    endpoint.expireTokens();
    const refused = { status: 401, body: fcmError(401, 'UNAUTHENTICATED') };
    endpoint.answers.push(refused);
    // One that has expired, one that is refused, and one with which it is sent.
    expect((await asked(follow)).tokens).toBe(2);
    expect(endpoint.to(tokens[0]!)).toHaveLength(1);
  });

  it('waits for an access token that can’t be had now', async () => {
    const { tokens, follow } = await audience(1);
    endpoint.expireTokens();
    endpoint.tokenAnswers.push(
      { status: 503, headers: { 'retry-after': '1' }, body: 'busy' },
      { status: 400, body: { error: 'invalid_grant', error_description: 'Invalid JWT Signature.' } },
      { status: 200, body: { access_token: 7 } },
    );
    expect((await asked(follow)).tokens).toBe(4);
    expect(endpoint.to(tokens[0]!)).toHaveLength(1);
    expect(backend.log).toContain('400, invalid_grant');
  });
});

describe('an app', () => {
  it('belongs to who registered it last, however often, and can be removed', async () => {
    const [ann, bob] = await Promise.all([api.register(), api.register()]);
    const app = { kind: 'fcm', token: endpoint.app() } as const;
    await Promise.all([1, 2, 3, 4].map(() => ann.client.push.register(app)));
    expect((await ann.client.push.list()).items).toMatchObject([{ kind: 'fcm' }]);
    const { id } = await bob.client.push.register(app);
    await ann.client.push.remove({ id });
    expect([(await ann.client.push.list()).items, (await bob.client.push.list()).items.length]).toEqual([
      [],
      1,
    ]);
    await bob.client.auth.logout({ refreshToken: bob.refreshToken });
    expect(await backend.database.pushDevice.count({ where: { id } })).toBe(0);
  });

  it('is refused when it can’t be one, without a sign-in, and where FCM is not set up', async () => {
    const ann = await api.register();
    const path = '/me/push-devices';
    for (const token of ['', 'with space', 'https://example.org/x', 'x'.repeat(1_001), 7, undefined]) {
      expect(await api.refusal(ann, 'PUT', path, { kind: 'fcm', token })).toBe('422 validation_failed');
    }
    const body = { kind: 'fcm', token: endpoint.app() };
    expect(await api.refusal(ann, 'PUT', path, { ...body, kind: 'apns' })).toBe('422 validation_failed');
    expect(await api.refusal(null, 'PUT', path, body)).toBe('401 unauthenticated');
    expect((await ann.client.push.config()).fcm).toBe(true);
    const without = await backend.startApi();
    const answer = await without.ask('PUT', `/api/v1${path}`, { token: ann.accessToken, body });
    expect(refusalOf(answer)).toBe('409 push_not_set_up');
    expect((await without.clientOf(ann.accessToken).push.config()).fcm).toBe(false);
    await without.close();
    expect((await ann.client.push.list()).items).toEqual([]);
  });
});

describe('the access token', () => {
  const accountOf = (change = {}) => serviceAccount.parse(JSON.stringify(endpoint.account(change)));

  it('is asked for once by many at once, and again shortly before it expires', async () => {
    const access = new FcmAccess(accountOf());
    const now = Date.now();
    const count = endpoint.tokenRequests;
    const had = await Promise.all(Array.from({ length: 50 }, () => access.token(now)));
    had.push(await access.token(now + 3_539_000));
    expect([new Set(had).size, endpoint.tokenRequests - count]).toEqual([1, 1]);
    const later = await access.token(now + 3_541_000);
    expect(had).not.toContain(later);
    // Who comes late with an old one doesn't take the new one from the others.
    access.forget(had[0]!);
    expect(await access.token(now + 3_541_000)).toBe(later);
    access.forget(later);
    expect(await access.token(now + 3_541_000)).not.toBe(later);
  });

  it('is not given for another key, and that is asked for anew each time', async () => {
    const access = new FcmAccess(accountOf({ private_key: pemOf(newKey()) }));
    const all = await Promise.allSettled([1, 2, 3].map(() => access.token()));
    for (const one of all) {
      expect(one).toMatchObject({ status: 'rejected', reason: expect.any(PushPutOff) });
    }
    await expect(access.token()).rejects.toThrow('400, invalid_grant');
  });
});

it('no log has a key, an assertion, an access token or a registration token', () => {
  expect(endpoint.secrets.length).toBeGreaterThan(0);
  expect(endpoint.secrets.filter((secret) => backend.log.includes(secret))).toEqual([]);
});
