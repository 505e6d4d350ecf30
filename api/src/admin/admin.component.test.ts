import { announceNode, type Heartbeat } from '@maydan/common';
import {
  serviceNodeKey,
  serviceNodeKeptMs,
  serviceNodesKey,
  type Role,
  type StreamHealth,
} from '@maydan/contracts';
import { waitUntil } from '@maydan/infra';
import { newId, seedGifts } from '@maydan/prisma';
import { Queue } from 'bullmq';
import { problemOf } from '../gifts/assetContent.ts';
import { healthKey } from '../sessions/healthKey.ts';
import { Life } from '../testing/Life.ts';
import { refusalOf, type Account, type TestApi } from '../testing/TestApi.ts';
import { TestBackend } from '../testing/TestBackend.ts';
import { TestSocket } from '../testing/TestSocket.ts';

let backend: TestBackend;
let api: TestApi;
let second: TestApi;
let admin: Account;

beforeAll(async () => {
  backend = await TestBackend.start();
  [api, second] = [await backend.startApi(), await backend.startApi()];
  admin = await person('admin');
}, 180_000);
afterAll(async () => {
  TestSocket.closeAll();
  await backend?.close();
});

async function person(role: Role = 'user'): Promise<Account> {
  const account = await api.register();
  if (role !== 'user') await backend.giveRole(account, role);
  return account;
}
const roleOf = async ({ user }: Account): Promise<Role> =>
  (await backend.database.user.findUniqueOrThrow({ where: { id: user.id } })).role;
const codeOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'done',
    (error: unknown) => (typeof error === 'object' && error !== null && 'code' in error ? error.code : error),
  );

describe('users', () => {
  it('are listed by role, state and when they came', async () => {
    const before = new Date();
    const [ann, ben, moderator] = [await person(), await person(), await person('moderator')];
    await backend.database.user.update({ where: { id: ben.user.id }, data: { bannedAt: new Date() } });
    const createdFrom = before.toISOString();
    const idsOf = async (filter: object) =>
      (await admin.client.people.list({ createdFrom, ...filter })).items.map(({ id }) => id);
    expect(await idsOf({})).toEqual([moderator.user.id, ben.user.id, ann.user.id]);
    expect(await idsOf({ role: 'moderator' })).toEqual([moderator.user.id]);
    expect(await idsOf({ state: 'banned' })).toEqual([ben.user.id]);
    expect(await idsOf({ createdBefore: createdFrom })).toEqual([]);
    expect(await api.refusal(admin, 'GET', '/admin/users?createdFrom=yesterday')).toBe(
      '422 validation_failed',
    );
    expect(await api.refusal(moderator, 'GET', '/admin/users')).toBe('403 forbidden');
  });

  it('are shown with counts, coins and open sessions, to admins alone', async () => {
    const [ann, ben] = [await person(), await person()];
    await ben.client.people.follow({ id: ann.user.id });
    await api.createKey(ann);
    const session = await ann.client.sessions.create({ title: 'Later' });
    const shown = await admin.client.admin.user({ id: ann.user.id });
    expect(shown).toMatchObject({
      ...{ id: ann.user.id, username: ann.user.username, role: 'user', email: ann.user.email },
      ...{ hasPassword: true, hasGoogle: false, hasSecondFactor: false, bannedAt: null },
      counts: { followers: 1, following: 0, sessions: 1, signIns: 1, streamKeys: 1, statuses: 0 },
      wallet: { balance: 0, earned: 0, held: 0, owed: 0 },
      openSessions: [{ id: session.id, title: 'Later', state: 'idle' }],
    });
    expect(JSON.stringify(shown)).not.toMatch(/argon2|hash/i);
    const path = `/admin/users/${ann.user.id}`;
    expect(await api.refusal(null, 'GET', path)).toBe('401 unauthenticated');
    expect(await api.refusal(ann, 'GET', path)).toBe('403 forbidden');
    expect(await api.refusal(await person('moderator'), 'GET', path)).toBe('403 forbidden');
    expect(await api.refusal(admin, 'GET', `/admin/users/${newId()}`)).toBe('404 not_found');
    expect(await api.refusal(admin, 'GET', '/admin/users/none')).toBe('422 validation_failed');
    const queries = await backend.countQueries(() => admin.client.admin.user({ id: ann.user.id }));
    expect(queries).toBeLessThan(12);
  });
});

describe('a role', () => {
  it('is changed by admins, and counts at once for requests and sockets', async () => {
    const ann = await person();
    const socket = await TestSocket.connect(second.url, { token: ann.accessToken }, true);
    expect(await api.refusal(ann, 'GET', '/admin/nodes')).toBe('403 forbidden');
    const given = await admin.client.admin.setRole({ id: ann.user.id, role: 'admin' });
    expect(given).toMatchObject({ id: ann.user.id, role: 'admin' });
    // The same access token as before.
    await second.clientOf(ann.accessToken).admin.nodes();
    await socket.until('connection:ready', 2);
    await admin.client.admin.setRole({ id: ann.user.id, role: 'user' });
    expect(await second.refusal(ann, 'GET', '/admin/nodes')).toBe('403 forbidden');
    await socket.until('connection:ready', 3);
    expect(socket.of('connection:ready').at(-1)).toMatchObject({ userId: ann.user.id, recovered: true });
    const { items } = await admin.client.audit.list({ targetId: ann.user.id });
    expect(items.map(({ actor, details }) => [actor?.id, details])).toEqual([
      [admin.user.id, { before: 'admin', role: 'user' }],
      [admin.user.id, { before: 'user', role: 'admin' }],
    ]);
    // Again, it changes nothing: nobody's line is cut.
    await admin.client.admin.setRole({ id: ann.user.id, role: 'user' });
    await socket.ask('session:unsubscribe', { sessionId: newId() });
    expect(socket.of('connection:ready')).toHaveLength(3);
  });

  it('is not changed by others, to others, of nobody, or by oneself', async () => {
    const [ann, moderator] = [await person(), await person('moderator')];
    const path = `/admin/users/${ann.user.id}/role`;
    expect(await api.refusal(null, 'PUT', path, { role: 'admin' })).toBe('401 unauthenticated');
    expect(await api.refusal(ann, 'PUT', path, { role: 'admin' })).toBe('403 forbidden');
    expect(await api.refusal(moderator, 'PUT', path, { role: 'moderator' })).toBe('403 forbidden');
    expect(await api.refusal(admin, 'PUT', path, { role: 'owner' })).toBe('422 validation_failed');
    expect(await api.refusal(admin, 'PUT', `/admin/users/${newId()}/role`, { role: 'user' })).toBe(
      '404 not_found',
    );
    const own = `/admin/users/${admin.user.id}/role`;
    expect(await api.refusal(admin, 'PUT', own, { role: 'user' })).toBe('403 forbidden');
    expect(await roleOf(admin)).toBe('admin');
  });

  it('of admins who demote each other at once is kept by one of them', async () => {
    for (let round = 0; round < 5; round++) {
      const crowd = await Promise.all([1, 2, 3].map(() => person('admin')));
      const others = crowd.map((one, at) => ({ one, other: crowd[(at + 1) % crowd.length] ?? one }));
      const codes = await Promise.all(
        others.map(({ one, other }, at) =>
          codeOf(
            (at % 2 ? second : api)
              .clientOf(one.accessToken)
              .admin.setRole({ id: other.user.id, role: 'user' }),
          ),
        ),
      );
      const left = (await Promise.all(crowd.map(roleOf))).filter((role) => role === 'admin');
      expect(left.length).toBeGreaterThan(0);
      // Who was demoted before their turn came was refused.
      expect(codes.filter((code) => code === 'done')).toHaveLength(crowd.length - left.length);
    }
  });
});

describe('the last admin', () => {
  it('stays, whoever deletes their account at once', async () => {
    await backend.database.user.updateMany({ where: { role: 'admin' }, data: { role: 'user' } });
    const both = [await person('admin'), await person('admin')];
    const answers = await Promise.all(
      both.map(({ accessToken, password }) =>
        api.ask('POST', '/api/v1/account/delete', { token: accessToken, body: { password } }),
      ),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([202, 409]);
    expect(await backend.database.user.count({ where: { role: 'admin', deletedAt: null } })).toBe(1);
    await backend.giveRole(admin, 'admin');
  });
});

const health: StreamHealth = {
  at: new Date().toISOString(),
  video: { codec: 'h264', width: 1280, height: 720, frameRate: 30, keyFrameIntervalSec: 2 },
  audio: { codec: 'aac', sampleRateHz: 48_000, channels: 2 },
  frames: null,
  inputBitrateBps: 2_500_000,
  encoderSpeed: 1,
  renditions: ['720p'],
  uploadLagBytes: 0,
  warnings: [],
};

describe('what runs', () => {
  let heartbeat: Heartbeat;
  const nodeId = 'ingest-of-the-test';
  afterEach(() => heartbeat?.close());

  it('is shown with health, source and nodes, in pages', async () => {
    const lives = await Promise.all([1, 2].map(() => Life.create(backend, () => api)));
    for (const life of lives) await life.goLive();
    const [older, newer] = lives.map(({ sessionId }) => sessionId);
    const { redis, logger } = backend;
    const describeNode = () => ({
      load: 0.25,
      work: { publishes: 1 },
      sessions: newer === undefined ? [] : [newer],
    });
    heartbeat = announceNode({ redis, service: 'ingest', nodeId, describe: describeNode, logger });
    await heartbeat.renew();
    await redis.set(healthKey(newer ?? ''), JSON.stringify(health), 'EX', 600);
    const first = await admin.client.admin.sessions({ limit: 1 });
    expect(first.items).toMatchObject([
      {
        ...{ session: { id: newer, state: 'live' }, source: 'rtmp', health },
        nodes: [{ service: 'ingest', nodeId }],
        stageHealth: { peers: [], warnings: [] },
      },
    ]);
    const rest = await admin.client.admin.sessions({ limit: 1, cursor: first.nextCursor ?? '' });
    expect(rest.items).toMatchObject([{ session: { id: older }, health: null, nodes: [] }]);
    const hostId = lives[0]?.host.user.id ?? '';
    expect((await admin.client.admin.sessions({ hostId, state: 'live' })).items).toEqual(rest.items);
    expect((await admin.client.admin.sessions({ hostId, state: 'interrupted' })).items).toEqual([]);
    expect(await admin.client.admin.session({ id: newer ?? '' })).toEqual(first.items[0]);
    const { id: later } = await lives[0]!.host.client.sessions.create({ title: 'x', visibility: 'private' });
    expect(await admin.client.admin.session({ id: later })).toMatchObject({
      session: { state: 'idle' },
      source: null,
    });
    expect(await api.refusal(admin, 'GET', `/admin/sessions/${newId()}`)).toBe('404 not_found');
    expect(await api.refusal(admin, 'GET', '/admin/sessions?state=idle')).toBe('422 validation_failed');
    for (const path of ['/admin/sessions', `/admin/sessions/${later}`])
      expect(await api.refusal(await person('moderator'), 'GET', path)).toBe('403 forbidden');
    expect(await api.refusal(admin, 'GET', '/admin/sessions?cursor=x')).toBe('422 validation_failed');
    const one = await backend.countQueries(() => admin.client.admin.sessions({ limit: 1 }));
    expect(await backend.countQueries(() => admin.client.admin.sessions({ limit: 2 }))).toBe(one);
  });

  it('is told by its processes, those that died too, and not by those that ended in order', async () => {
    const { redis, logger } = backend;
    heartbeat = announceNode({
      redis,
      service: 'workers',
      nodeId,
      describe: () => ({ work: { stages: 3 } }),
      logger,
    });
    await heartbeat.renew();
    const mine = async () => (await admin.client.admin.nodes()).items.find((node) => node.nodeId === nodeId);
    expect(await mine()).toMatchObject({ service: 'workers', work: { stages: 3 }, alive: true, load: null });
    expect((await mine())?.version).toMatch(/^\d+\.\d+\.\d+/);
    await waitUntil(
      'both apis',
      async () =>
        (await admin.client.admin.nodes()).items.filter(({ service }) => service === 'api').length === 2,
      60_000,
    );
    const name = `workers/${nodeId}`;
    const last = (await redis.get(serviceNodeKey(name))) ?? '';
    await heartbeat.close();
    // A Redis that is slow doesn't hold up who closes: it may be told a moment later.
    await waitUntil('the farewell', async () => (await mine()) === undefined, 60_000);
    // One that was killed a minute ago.
    await redis
      .multi()
      .set(serviceNodeKey(name), last, 'PX', serviceNodeKeptMs - 60_000)
      .sadd(serviceNodesKey, name)
      .exec();
    expect(await mine()).toMatchObject({ alive: false });
    await redis.set(serviceNodeKey(name), '{"of":"another version"}');
    expect(await mine()).toBeUndefined();
    await redis.del(serviceNodeKey(name));
    expect(await mine()).toBeUndefined();
    expect(await redis.sismember(serviceNodesKey, name)).toBe(0);
    expect(await api.refusal(await person(), 'GET', '/admin/nodes')).toBe('403 forbidden');
  });

  it('is well when everything answers and each service has a process', async () => {
    let found = await admin.client.admin.health();
    // What doesn't answer within two seconds isn't well, and this machine may stand still for longer.
    const areWell = async (): Promise<boolean> => {
      found = await admin.client.admin.health();
      return found.checks.every(({ name, ok }) => ok || name === 'storage');
    };
    await waitUntil('all that are there to be well', areWell, 60_000);
    expect(found.checks.map(({ name, ok }) => [name, ok])).toEqual([
      ['database', true],
      ['redis', true],
      // Nothing listens at the address of the storage.
      ['storage', false],
    ]);
    expect(found.checks.every(({ ok, problem }) => ok === (problem === null))).toBe(true);
    expect(found).toMatchObject({ status: 'failing', jobs: { active: expect.any(Number) as number } });
    expect(found.facts).toEqual({
      unread: expect.any(Number) as number,
      pending: expect.any(Number) as number,
    });
    expect(found.services.map(({ service }) => service)).toEqual(['api', 'ingest', 'sfu', 'workers']);
    const { redis, logger } = backend;
    const [full, queue] = [`full-${newId()}`, { queue: 'vod', node: null }];
    const describeNode = () => ({ load: 1, work: {} });
    heartbeat = announceNode({ redis, service: 'sfu', nodeId: full, describe: describeNode, logger });
    await heartbeat.renew();
    const jobs = new Queue('vod', { connection: redis, prefix: 'maydan:queue' });
    await jobs.add('vod.images', {}, { jobId: full, timestamp: 1 });
    const { warnings } = await admin.client.admin.health();
    await jobs.remove(full);
    await jobs.close();
    expect(warnings).toContainEqual({
      ...{ code: 'processFull', node: { service: 'sfu', nodeId: full }, queue: null, value: 1 },
    });
    expect(warnings).toContainEqual({ ...queue, code: 'jobsWait', value: expect.any(Number) as number });
    expect(await api.refusal(await person('moderator'), 'GET', '/admin/health')).toBe('403 forbidden');
  });
});

describe('the pictures of gifts', () => {
  const lottie = JSON.stringify({ v: '5.7.0', fr: 30, ip: 0, op: 60, w: 9, h: 9, layers: [{ ty: 4 }] });
  const asset = (text = lottie, kind = 'lottie') => ({ kind, content: Buffer.from(text).toString('base64') });
  const refusal = (account: Account | null, body: unknown) =>
    api.refusal(account, 'POST', '/admin/gifts/assets', body);

  it('are stored as data by admins, and served to all, the same ones once', async () => {
    const upload = { kind: 'lottie', content: asset().content } as const;
    const stored = await Promise.all([1, 2, 3].map(() => admin.client.gifts.upload(upload)));
    const [first] = stored;
    expect(stored.every(({ url }) => url === first?.url)).toBe(true);
    expect(await backend.database.giftAsset.count()).toBe(1);
    expect((await admin.client.audit.list({ action: 'giftAsset.added' })).items).toHaveLength(1);
    const url = first?.url ?? '';
    const got = await second.ask('GET', url);
    expect([got.status, got.body]).toEqual([200, JSON.parse(lottie)]);
    expect(got.headers.get('cache-control')).toContain('immutable');
    expect(got.headers.get('content-security-policy')).toBe("default-src 'none'; sandbox");
    const gift = await admin.client.gifts.create({
      ...{ name: { en: 'Wave', ar: 'موجة' }, price: 7, iconUrl: '/icon.svg' },
      animation: { kind: 'lottie', url },
    });
    expect((await api.client.gifts.catalogue()).items).toEqual([gift]);
    // One of the size that there may be, which other routes don't take.
    const large = lottie.replace('"w"', `"n":"${'n'.repeat(250_000)}","w"`);
    expect(
      (await admin.client.gifts.upload({ kind: 'lottie', content: asset(large).content })).byteLength,
    ).toBeGreaterThan(250_000);
    for (const path of ['/none', `/${'0'.repeat(64)}.json`, url.replace('.json', '.svg').slice(16)])
      expect(refusalOf(await api.ask('GET', `/api/gift-assets${path}`))).toBe('404 not_found');
  });

  it('are refused when they run something, are something else, too large, or from others', async () => {
    expect(await refusal(null, asset())).toBe('401 unauthenticated');
    expect(await refusal(await person('moderator'), asset())).toBe('403 forbidden');
    for (const wrong of [
      asset(lottie, 'gif'),
      asset(lottie, 'webp'),
      asset(lottie.replace('"ty":4', '"ty":4,"x":"alert(1)"')),
      asset('<svg onload="x()"/>', 'svg'),
      { kind: 'lottie', content: 'not base64!' },
      { kind: 'lottie', content: '' },
    ])
      expect(await refusal(admin, wrong)).toBe('422 validation_failed');
    expect(await refusal(admin, asset('n'.repeat(270_000)))).toBe('422 validation_failed');
    expect(await refusal(admin, asset('n'.repeat(400_000)))).toBe('413 payload_too_large');
  });

  it('of the gifts that an installation begins with are there, as good as others', async () => {
    const { database } = backend;
    await database.gift.deleteMany();
    await database.$transaction(seedGifts);
    await database.$transaction(seedGifts);
    const { items } = await api.client.gifts.catalogue();
    expect(items.map(({ name }) => name)).toContainEqual({ en: 'Lantern', ar: 'فانوس' });
    expect(items).toHaveLength(5);
    for (const { iconUrl, animation } of items) {
      const icon = await api.ask('GET', iconUrl);
      expect(icon.headers.get('content-type')).toContain('image/svg+xml');
      const svg = await (await fetch(api.url + iconUrl)).text();
      expect(problemOf('svg', Buffer.from(svg))).toBeNull();
      const moving = await api.ask('GET', animation?.url ?? '');
      expect(problemOf('lottie', Buffer.from(JSON.stringify(moving.body)))).toBeNull();
    }
  });
});
