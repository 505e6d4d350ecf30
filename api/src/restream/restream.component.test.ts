import { mintInternalToken } from '@maydan/common';
import {
  restreamReport,
  restreamStatusKey,
  restreamWantedOutput,
  type RestreamReport,
  type RestreamWanted,
} from '@maydan/contracts';
import { waitUntil } from '@maydan/infra';
import { Queue } from 'bullmq';
import { Life } from '../testing/Life.ts';
import { TestBackend } from '../testing/TestBackend.ts';
import { refusalOf, type Account, type TestApi } from '../testing/TestApi.ts';
import { TestSocket } from '../testing/TestSocket.ts';

const oldSecret = `old:${'o9'.repeat(20)}`;
const newSecret = `new:${'n8'.repeat(20)}`;
const streamKey = 'live_0123456789_abCD';
const input = { name: 'Elsewhere', url: 'rtmp://live.example.org/app', streamKey };
const path = '/me/restream-targets';
let backend: TestBackend;
let api: TestApi;
let queue: Queue;

beforeAll(async () => {
  backend = await TestBackend.start();
  api = await backend.startApi({ RESTREAM_SECRETS: oldSecret });
  queue = new Queue('restream', { connection: backend.redis, prefix: 'maydan:queue' });
});
afterEach(() => TestSocket.closeAll());
afterAll(async () => {
  await queue?.close();
  await backend?.close();
});

async function wanted(sessionId: string, at = api): Promise<RestreamWanted[]> {
  const token = mintInternalToken(TestBackend.internalSecret, 'workers');
  const { body } = await at.ask('POST', '/internal/restream/targets', { token, body: { sessionId } });
  return restreamWantedOutput.parse(body).targets;
}

const make = (account: Account, more: object = {}) => account.client.restream.create({ ...input, ...more });
const life = (): Promise<Life> => Life.create(backend, () => api);
const hasJob = async ({ sessionId }: Life): Promise<boolean> => (await queue.getJob(sessionId)) !== undefined;

describe('restream targets', () => {
  it('are made, listed, changed and removed by their owner, who never sees a key again', async () => {
    const [ann, bob] = [await api.register(), await api.register()];
    const made = await make(ann);
    expect(made).toMatchObject({ name: 'Elsewhere', url: input.url, keyHint: 'abCD', enabled: true });
    expect(made).toMatchObject({ state: 'idle', reason: null, byteLength: 0, failures: 0, nextTryAt: null });
    const short = await make(ann, { streamKey: 'short', enabled: false });
    expect(short).toMatchObject({ keyHint: '', enabled: false });
    expect((await ann.client.restream.list()).items.map(({ id }) => id)).toEqual([made.id, short.id]);
    expect((await bob.client.restream.list()).items).toEqual([]);
    const changed = await ann.client.restream.update({
      id: made.id,
      name: 'Other',
      streamKey: 'another-key-9876',
    });
    expect(changed).toMatchObject({ name: 'Other', url: input.url, keyHint: '9876', enabled: true });
    for (const [method, body] of [
      ['PATCH', { name: 'x' }],
      ['DELETE', undefined],
    ] as const)
      expect(await api.refusal(bob, method, `${path}/${made.id}`, body)).toBe('404 not_found');
    await ann.client.restream.remove({ id: made.id });
    expect(await api.refusal(ann, 'DELETE', `${path}/${made.id}`)).toBe('404 not_found');
    expect(await api.refusal(null, 'GET', path)).toBe('401 unauthenticated');
    const rows = await backend.database.$queryRaw`SELECT * FROM "RestreamTarget"`;
    for (const text of [JSON.stringify([made, changed, rows]), backend.log])
      expect(text).not.toMatch(/live_0123456789|another-key|"short"/);
  });

  it('are refused with a reason', async () => {
    const ann = await api.register();
    const bad = [
      ...[
        'http://live.example.org/app',
        'rtmp://live.example.org',
        'rtmp://user:word@live.example.org/app',
        '',
      ],
      ...['rtmp://127.0.0.1/app', 'rtmp://10.0.0.7/app', 'rtmps://[::1]/app', 'rtmp://localhost/app'],
      ...[
        'rtmp://0x7f.1/app',
        'rtmp://169.254.169.254/latest',
        'rtmp://100.64.0.1/x',
        'rtmp://[::ffff:10.0.0.1]/x',
      ],
    ];
    for (const url of bad)
      expect(await api.refusal(ann, 'POST', path, { ...input, url })).toBe('422 validation_failed');
    for (const change of [{ streamKey: 'a b' }, { streamKey: '' }, { name: ' ' }, { enabled: 'yes' }])
      expect(await api.refusal(ann, 'POST', path, { ...input, ...change })).toBe('422 validation_failed');
    const { id } = await make(ann);
    expect(await api.refusal(ann, 'PATCH', `${path}/${id}`, { url: bad[4] })).toBe('422 validation_failed');
    // Whoever got hold of a session doesn't get the key by sending it to themselves.
    for (const url of ['rtmp://other.example.org/app', 'rtmp://live.example.org:1936/app'])
      expect(await api.refusal(ann, 'PATCH', `${path}/${id}`, { url })).toBe('422 validation_failed');
    expect((await ann.client.restream.list()).items[0]?.url).toBe(input.url);
    const moved = { url: 'rtmp://live.example.org/app2' };
    expect(await ann.client.restream.update({ id, ...moved })).toMatchObject(moved);
    const away = { url: 'rtmps://other.example.org/app' };
    expect(await ann.client.restream.update({ id, ...away, streamKey })).toMatchObject(away);
  });

  it('are five at most, also when they come at once', async () => {
    const ann = await api.register();
    const body = { ...input };
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => api.ask('POST', `/api/v1${path}`, { token: ann.accessToken, body })),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 201, 201, 201, 201, 409, 409, 409]);
    expect((await ann.client.restream.list()).items).toHaveLength(5);
  });
});

describe('restream targets of a host on air', () => {
  it('are given to the worker that asks, and to nobody else', async () => {
    const one = await life();
    const off = await make(one.host, { enabled: false });
    const target = await make(one.host);
    expect(target.state).toBe('idle');
    await one.goLive();
    await waitUntil('the job', () => hasJob(one), 60_000);
    const job = await queue.getJob(one.sessionId);
    expect(JSON.stringify(job?.data)).not.toContain(streamKey);
    expect(await wanted(one.sessionId)).toEqual([{ id: target.id, url: input.url, streamKey, version: 1 }]);
    const seen = (await one.host.client.restream.list()).items.map(({ state }) => state);
    expect(seen).toEqual(['idle', 'connecting']);
    for (const [token, refusal] of [
      [mintInternalToken(TestBackend.internalSecret, 'ingest'), '403 forbidden'],
      [one.host.accessToken, '401 token_invalid'],
    ] as const) {
      const body = { sessionId: one.sessionId };
      expect(refusalOf(await api.ask('POST', '/internal/restream/targets', { token, body }))).toBe(refusal);
    }
    // Switched on twice, it is begun once.
    await one.host.client.restream.update({ id: off.id, enabled: true });
    await one.host.client.restream.update({
      id: off.id,
      enabled: true,
      name: 'again',
      url: input.url,
      streamKey,
    });
    expect((await wanted(one.sessionId)).map(({ version }) => version)).toEqual([2, 1]);
    await one.host.client.sessions.end({ id: one.sessionId });
    expect(await wanted(one.sessionId)).toEqual([]);
  });

  it('get a worker when they are switched on while live, and again when its job is lost', async () => {
    const one = await (await life()).goLive();
    expect(await hasJob(one)).toBe(false);
    const target = await make(one.host, { enabled: false });
    expect(await hasJob(one)).toBe(false);
    const socket = await TestSocket.connect(api.url, { token: one.host.accessToken });
    expect(await socket.ask('restream:switch', { id: target.id, enabled: true })).toMatchObject({
      ...{ id: target.id, enabled: true, state: 'connecting' },
    });
    expect(await hasJob(one)).toBe(true);
    await queue.remove(one.sessionId);
    await waitUntil('the job', () => hasJob(one), 60_000);
  });

  it('show how it goes over REST and, live, to their owner alone', async () => {
    const one = await (await life()).goLive();
    const target = await make(one.host);
    const other = await api.register();
    const socket = await TestSocket.connect(api.url, { token: one.host.accessToken });
    const stranger = await TestSocket.connect(api.url, { token: other.accessToken });
    const report: RestreamReport = {
      ...{
        state: 'retrying',
        reason: { code: 'stalled', message: 'It hangs.' },
        failures: 2,
        byteLength: 12_345,
      },
      ...{ since: new Date().toISOString(), nextTryAt: new Date().toISOString() },
      ...{ sessionId: one.sessionId, version: 1 },
    };
    const say = (change: object) =>
      backend.redis.set(restreamStatusKey(target.id), JSON.stringify({ ...report, ...change }));
    await say({});
    await one.tell({ type: 'restream.changed', targetId: target.id });
    await socket.until('restream:changed');
    const { sessionId: _session, version: _version, ...shown } = restreamReport.parse(report);
    expect(socket.of('restream:changed')).toEqual([{ ...target, ...shown }]);
    expect(await socket.ask('restream:list', {})).toEqual({ items: [{ ...target, ...shown }] });
    // What is said of an earlier version counts no more.
    await say({ version: 7 });
    expect((await one.host.client.restream.list()).items[0]).toMatchObject({
      state: 'connecting',
      reason: null,
    });
    expect(await socket.codeOf('restream:switch', { id: 'x', enabled: true })).toBe('validation_failed');
    expect(await stranger.codeOf('restream:switch', { id: target.id, enabled: false })).toBe('not_found');
    await one.host.client.restream.remove({ id: target.id });
    await socket.until('restream:removed');
    await one.tell({ type: 'restream.changed', targetId: target.id });
    expect(await backend.redis.get(restreamStatusKey(target.id))).toBeNull();
    expect(stranger.told.filter(({ event }) => event.startsWith('restream'))).toEqual([]);
  });

  it('keep their keys when the secret is rotated, and ask for them anew when it is gone', async () => {
    const one = await (await life()).goLive();
    const target = await make(one.host);
    const row = () => backend.database.restreamTarget.findUniqueOrThrow({ where: { id: target.id } });
    expect((await row()).keyId).toBe('old');
    const rotated = await backend.startApi({ RESTREAM_SECRETS: `${newSecret},${oldSecret}` });
    expect((await wanted(one.sessionId, rotated))[0]?.streamKey).toBe(streamKey);
    expect((await row()).keyId).toBe('new');
    expect((await wanted(one.sessionId))[0]).toMatchObject({ id: target.id, streamKey: null });
    await one.host.client.restream.update({ id: target.id, streamKey });
    expect((await wanted(one.sessionId))[0]).toMatchObject({ streamKey, version: 2 });
  });
});

describe('what is announced', () => {
  it('reaches the worker when a target changes', async () => {
    const one = await (await life()).goLive();
    const heard: string[] = [];
    const subscriber = backend.redis.duplicate();
    try {
      await subscriber.subscribe(`maydan:session:${one.sessionId}:restream`);
      subscriber.on('message', (_channel: string, text: string) => heard.push(text));
      const { id } = await make(one.host);
      await one.host.client.restream.update({ id, enabled: false });
      await one.host.client.restream.remove({ id });
      await waitUntil('the announcements', () => heard.length === 3, 60_000);
      expect(heard).toEqual(['', '', '']);
    } finally {
      subscriber.disconnect();
    }
  });
});
