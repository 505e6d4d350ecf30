import { createRedis, JobProducer, runJobs, type Redis } from '@maydan/common';
import { waitUntil } from '@maydan/infra';
import { newId } from '@maydan/prisma';
import { UnrecoverableError, type Worker } from 'bullmq';
import type { Account, Answer, TestApi } from '../testing/TestApi.ts';
import { refusalOf } from '../testing/TestApi.ts';
import { TestBackend } from '../testing/TestBackend.ts';

let backend: TestBackend;
let api: TestApi;
let admin: Account;
let ann: Account;
let jobs: JobProducer;
let connection: Redis;
let worker: Worker;
/** What the next job does; each is tried once. */
let act: (data: { sessionId: string }) => Promise<void>;

beforeAll(async () => {
  backend = await TestBackend.start();
  api = await backend.startApi();
  [admin, ann] = [await api.register(), await api.register()];
  await setRole('admin');
  connection = createRedis(backend.redisUrl, backend.logger, { maxWaitMs: null });
  jobs = new JobProducer(connection);
  worker = runJobs('vod.images', (data) => act(data), { connection, logger: backend.logger });
}, 180_000);
afterAll(async () => {
  await worker?.close(true);
  await jobs?.close();
  connection?.disconnect();
  await backend?.close();
});

const setRole = (role: 'admin' | 'user') => backend.giveRole(admin, role);
const secretReason = 'rtmp://live.example.org/app/topsecretkey said no';
const refuse = () => Promise.reject(new UnrecoverableError(secretReason));
const stateOf = (id: string) => jobs.queue('vod.images').getJobState(id);
const reaches = (id: string, state: string) =>
  waitUntil(`${state} of ${id}`, async () => (await stateOf(id)) === state, 60_000);

const add = (id: string) =>
  jobs.add('vod.images', { sessionId: id, playbackId: 'p'.repeat(24), durationMs: 1 }, { jobId: id });

/** A job that has failed for good. */
async function failedJob(): Promise<string> {
  act = refuse;
  const id = newId();
  await add(id);
  await reaches(id, 'failed');
  return id;
}

/** What the audit log says was done to a job. */
const acts = async (targetId: string) =>
  (await admin.client.audit.list({ targetId })).items.map(({ action }) => action);

describe('queues', () => {
  it('are listed with counts, and jobs that failed with their reason, the newest first', async () => {
    const ids = [await failedJob(), await failedJob(), await failedJob()];
    const { items } = await admin.client.admin.queues();
    expect(items.find(({ queue }) => queue === 'vod')).toEqual({
      queue: 'vod',
      jobs: ['vod.images'],
      counts: { waiting: 0, active: 0, delayed: 0, failed: 3 },
      waitingSince: null,
    });
    const first = await admin.client.admin.failedJobs({ queue: 'vod', limit: 2 });
    expect(first.items.map(({ id }) => id)).toEqual([ids[2], ids[1]]);
    expect(first.items[0]).toMatchObject({
      ...{ name: 'vod.images', attempts: 1, data: { sessionId: ids[2] } },
      reason: 'rtmp://live.example.org/app/[redacted] said no',
    });
    // One that fails meanwhile shifts no page, and one that is removed neither.
    const newest = await failedJob();
    await admin.client.admin.removeJob({ queue: 'vod', id: ids[1] ?? '' });
    const rest = await admin.client.admin.failedJobs({
      queue: 'vod',
      limit: 2,
      cursor: first.nextCursor ?? '',
    });
    expect([rest.items.map(({ id }) => id), rest.nextCursor]).toEqual([[ids[0]], null]);
    for (const id of [ids[0], ids[2], newest])
      await admin.client.admin.removeJob({ queue: 'vod', id: id ?? '' });
    expect((await admin.client.admin.failedJobs({ queue: 'vod' })).items).toEqual([]);
  });

  it('run a failed job again, once, however many ask at once', async () => {
    const id = await failedJob();
    let runs = 0;
    act = () => Promise.resolve(void (runs += 1));
    const asked = Array.from({ length: 5 }, () => admin.client.admin.retryJob({ queue: 'vod', id }));
    const done = (await Promise.allSettled(asked)).filter(({ status }) => status === 'fulfilled');
    expect(done.length).toBeGreaterThan(0);
    await reaches(id, 'unknown');
    expect([done.length, runs]).toEqual([1, 1]);
    expect(await acts(id)).toEqual(['job.retried']);
    expect(await api.refusal(admin, 'POST', `/admin/queues/vod/failed/${id}/retry`)).toBe('404 not_found');
  });

  it('run all that failed again, each once, however many ask at once', async () => {
    const ids = [await failedJob(), await failedJob(), await failedJob()];
    const runs: string[] = [];
    act = (job) => Promise.resolve(void runs.push(job.sessionId));
    const asked = await Promise.all([1, 2].map(() => admin.client.admin.retryJobs({ queue: 'vod' })));
    expect(asked.reduce((sum, { retried }) => sum + retried, 0)).toBe(3);
    for (const id of ids) await reaches(id, 'unknown');
    expect(runs.sort()).toEqual([...ids].sort());
    const { items } = await admin.client.audit.list({ action: 'queue.retried', targetId: 'vod' });
    expect(items.at(-1)).toMatchObject({ actor: { id: admin.user.id }, details: { failed: 3 } });
    expect(await admin.client.admin.retryJobs({ queue: 'vod' })).toEqual({ retried: 0 });
    const again = await failedJob();
    expect(await admin.client.admin.retryJobs({ queue: 'vod' })).toEqual({ retried: 1 });
    await reaches(again, 'failed');
    await admin.client.admin.removeJob({ queue: 'vod', id: again });
  });

  it('say since when the job that waits for longest does', async () => {
    const queue = jobs.queue('media.check');
    const ids = [newId(), newId()];
    for (const [at, id] of ids.entries())
      await queue.add('media.check', {}, { jobId: id, timestamp: 1_000 + at });
    const { items } = await admin.client.admin.queues();
    expect(items.find(({ jobs: names }) => names.includes('media.check'))).toMatchObject({
      counts: { waiting: 2 },
      waitingSince: new Date(1_000).toISOString(),
    });
    for (const id of ids) await queue.remove(id);
  });

  it('give a failed job’s place to a new one of its name', async () => {
    const id = await failedJob();
    let runs = 0;
    act = () => Promise.resolve(void (runs += 1));
    expect(await jobs.isGone('vod.images', id)).toBe(true);
    await add(id);
    await reaches(id, 'unknown');
    expect(runs).toBe(1);
  });

  it('refuse what is wrong, not there, has not failed, or is asked by others', async () => {
    const id = await failedJob();
    const path = `/admin/queues/vod/failed/${id}`;
    for (const [method, route] of [
      ['GET', '/admin/queues'],
      ['GET', '/admin/queues/vod/failed'],
      ['POST', `${path}/retry`],
      ['POST', '/admin/queues/vod/failed/retry'],
      ['DELETE', path],
      ['POST', '/admin/board'],
    ] as const) {
      expect(await api.refusal(ann, method, route)).toBe('403 forbidden');
      expect(await api.refusal(null, method, route)).toBe('401 unauthenticated');
    }
    expect(await api.refusal(admin, 'GET', '/admin/queues/none/failed')).toBe('422 validation_failed');
    expect(await api.refusal(admin, 'GET', '/admin/queues/vod/failed?cursor=x')).toBe(
      '422 validation_failed',
    );
    expect(await api.refusal(admin, 'DELETE', `/admin/queues/vod/failed/${newId()}`)).toBe('404 not_found');
    await admin.client.admin.removeJob({ queue: 'vod', id });
    expect(await acts(id)).toEqual(['job.removed']);
    expect(await api.refusal(admin, 'DELETE', path)).toBe('404 not_found');
    const waiting = newId();
    await jobs.add(
      'vod.images',
      { sessionId: waiting, playbackId: 'p'.repeat(24), durationMs: 1 },
      { jobId: waiting, delay: 600_000 },
    );
    expect(await api.refusal(admin, 'DELETE', `/admin/queues/vod/failed/${waiting}`)).toBe('409 conflict');
    expect(await api.refusal(admin, 'POST', `/admin/queues/vod/failed/${waiting}/retry`)).toBe(
      '409 conflict',
    );
    expect(await stateOf(waiting)).toBe('delayed');
  });
});

describe('the board', () => {
  const look = (cookie: string | null, path = '', method = 'GET'): Promise<Answer> =>
    api.ask(method, `/api/queues${path}`, cookie === null ? {} : { headers: { cookie } });

  async function open(account: Account = admin): Promise<string> {
    const { status, headers } = await api.ask('POST', '/api/v1/admin/board', { token: account.accessToken });
    expect(status).toBe(200);
    const set = headers.get('set-cookie') ?? '';
    expect(set).toMatch(/; Path=\/api\/queues; Max-Age=900; HttpOnly; SameSite=Strict$/);
    return set.split(';')[0] ?? '';
  }

  it('shows queues and jobs in a browser with the cookie, without secrets, and changes nothing', async () => {
    const id = await failedJob();
    const cookie = await open();
    const page = await look(cookie);
    expect([page.status, page.headers.get('cache-control')]).toEqual([200, 'no-store']);
    const script = /src="([^"]+\.js)"/.exec(String(page.body))?.[1] ?? '';
    const base = /<base href="([^"]+)"/.exec(String(page.body))?.[1] ?? '/';
    const { pathname } = new URL(script, `${api.url}${base}`);
    expect((await api.ask('GET', pathname, { headers: { cookie } })).headers.get('content-type')).toMatch(
      /javascript/,
    );
    const told = JSON.stringify((await look(cookie, '/api/queues?activeQueue=vod&status=failed')).body);
    expect(told).toContain(id);
    expect(told).not.toContain('topsecretkey');
    for (const [method, path] of [
      ['PUT', `/api/queues/vod/${id}/clean`],
      ['PUT', `/api/queues/vod/${id}/retry/failed`],
      ['POST', '/api/queues/vod/add'],
    ] as const)
      expect(refusalOf(await look(cookie, path, method))).toBe('405 method_not_allowed');
    expect(await stateOf(id)).toBe('failed');
  });

  it('is closed without the cookie, to other tokens, and when the role or the sign-in is gone', async () => {
    expect(refusalOf(await look(null))).toBe('401 unauthenticated');
    expect(refusalOf(await look('maydan_board=x'))).toBe('401 unauthenticated');
    expect(refusalOf(await look(`maydan_board=${admin.accessToken}`))).toBe('401 unauthenticated');
    const cookie = await open();
    const token = cookie.split('=')[1] ?? '';
    expect(refusalOf(await api.ask('GET', '/api/v1/admin/nodes', { token }))).toBe('401 token_invalid');
    await setRole('user');
    expect(refusalOf(await look(cookie))).toBe('403 forbidden');
    expect(refusalOf(await look(cookie, '/api/queues'))).toBe('403 forbidden');
    await setRole('admin');
    expect((await look(cookie)).status).toBe(200);
    const { username } = admin.user;
    const other = await api.client.auth.login({ login: username, password: admin.password });
    const opened = await open({ ...admin, ...other });
    await api.client.auth.logout({ refreshToken: other.refreshToken });
    expect(refusalOf(await look(opened))).toBe('401 token_invalid');
    expect((await look(cookie)).status).toBe(200);
  });
});
