import { randomUUID } from 'node:crypto';
import { JobProducer } from '@maydan/common';
import { playbackKeys } from '@maydan/contracts';
import { waitUntil } from '@maydan/infra';
import { factsHandled, Life } from '../testing/Life.ts';
import { allTold } from '../testing/notifications.ts';
import { refusalOf, type Account, type TestApi } from '../testing/TestApi.ts';
import { TestBackend } from '../testing/TestBackend.ts';
import { TestSocket } from '../testing/TestSocket.ts';

let backend: TestBackend;
let api: TestApi;
let jobs: JobProducer;
let ann: Account;
let moderator: Account;
let admin: Account;
let life: Life;

beforeAll(async () => {
  backend = await TestBackend.start();
  api = await backend.startApi();
  jobs = new JobProducer(backend.redis);
  [ann, moderator, admin] = (await api.people(3)) as [Account, Account, Account];
  await backend.giveRole(moderator, 'moderator');
  await backend.giveRole(admin, 'admin');
  life = await Life.create(backend, () => api);
});
beforeEach(async () => {
  await life.goLive();
  await life.host.client.sessions.end({ id: life.sessionId });
  await life.ended();
  await life.reaches('ended');
  await life.tell({ type: 'vod.imagesReady', posterPath: 'poster.jpg', storyboardPath: 'storyboard.vtt' });
  await waitUntil('its poster', async () => (await life.session()).playback.posterUrl !== null, 60_000);
});
afterEach(() => TestSocket.closeAll());
afterAll(async () => {
  await jobs?.close();
  await backend?.close();
});

const reason = 'against the rules';
const own = () => `/sessions/${life.sessionId}/recording`;
const path = (act: 'hide' | 'show' | 'delete') =>
  `/admin/sessions/${life.sessionId}/recording${act === 'delete' ? '' : `/${act}`}`;
const hide = (who = moderator) => who.client.platformModeration.hideRecording({ id: life.sessionId, reason });
const refused = (who: Account | null, act: 'hide' | 'show' | 'delete', body: object = { reason }) =>
  api.refusal(who, act === 'delete' ? 'DELETE' : 'POST', path(act), body);
const acts = async () =>
  (await admin.client.audit.list({ targetId: life.sessionId })).items.map(
    ({ action, role, reason: said }) => `${role} ${action} ${said}`,
  );
const titles = async () => {
  await allTold(backend);
  const { items } = await life.host.client.notifications.list({ type: 'system' });
  return JSON.stringify(items);
};
const isListed = async (who: Account | null) => {
  const client = who?.client ?? api.client;
  const { items } = await client.sessions.list({ state: 'ended', host: life.host.user.username });
  const { latestRecording } = await client.channels.get({ username: life.host.user.username });
  const among = items.some(({ id }) => id === life.sessionId);
  expect(latestRecording?.id === life.sessionId).toBe(among);
  return among;
};
const isShut = async () => (await backend.redis.sismember(playbackKeys.private, life.playbackId)) === 1;
const leases = () => backend.redis.zrange(playbackKeys.leases(life.playbackId), 0, '-1');
/** Whether somebody gets an address to play. */
const plays = async (who: Account | null) => {
  const { playback } = await (who?.client ?? api.client).access.playback({ id: life.sessionId });
  return playback.playable && playback.posterUrl !== null;
};
const removal = () => jobs.queue('recording.remove').getJob(life.playbackId);

describe('a recording', () => {
  it('is hidden from all but moderators at once, and shown again; its host is told', async () => {
    const socket = await TestSocket.connect(api.url, { token: ann.accessToken });
    await socket.ask('session:subscribe', { sessionId: life.sessionId });
    expect([await isListed(ann), await plays(ann), await isShut()]).toEqual([true, true, false]);
    const hidden = await hide();
    expect([hidden.recording, hidden.playback.playable]).toEqual(['hidden', true]);
    const told = () => socket.of('session:updated').map(({ session }) => session.recording);
    await waitUntil('the news', () => told().at(-1) === 'hidden', 60_000);
    expect(await isShut()).toBe(true);
    for (const who of [null, ann, life.host])
      expect([await isListed(who), await plays(who)]).toEqual([false, false]);
    expect(await leases()).toEqual([moderator.user.id]);
    expect([await plays(moderator), await plays(admin)]).toEqual([true, true]);
    expect(await titles()).toContain('Your recording was hidden');
    const shown = await moderator.client.platformModeration.showRecording({ id: life.sessionId });
    expect(shown).toMatchObject({ recording: 'available', playback: { playable: true } });
    expect([await isListed(null), await plays(null), await isShut()]).toEqual([true, true, false]);
    expect(await titles()).toContain('is shown again');
    expect(await refused(moderator, 'show', {})).toBe('409 wrong_state');
    expect(await acts()).toEqual(['moderator recording.shown null', `moderator recording.hidden ${reason}`]);
  });

  it('of a private session that is hidden ends the leases of those who play it', async () => {
    const { client } = life.host;
    await client.sessions.update({ id: life.sessionId, visibility: 'private' });
    await client.access.create({ id: life.sessionId, userId: ann.user.id });
    expect(await plays(ann)).toBe(true);
    expect(await leases()).toContain(ann.user.id);
    await hide();
    expect(await leases()).not.toContain(ann.user.id);
    // Made public by its host it stays hidden, also where Redis lost everything.
    await client.sessions.update({ id: life.sessionId, visibility: 'public' });
    expect([await isShut(), await plays(ann)]).toEqual([true, false]);
    await backend.redis.del(playbackKeys.private);
    await waitUntil('the repair', isShut, 60_000);
  });

  it('is hidden once by many at once, and what an admin hid admins alone show', async () => {
    await Promise.all([hide(), hide(), hide()]);
    expect(await acts()).toHaveLength(1);
    await hide(admin);
    expect(await acts()).toHaveLength(2);
    expect(await refused(moderator, 'show', {})).toBe('403 forbidden');
    expect(await refused(moderator, 'delete')).toBe('403 forbidden');
    await hide();
    await admin.client.platformModeration.showRecording({ id: life.sessionId, reason: 'an error' });
    expect((await acts())[0]).toBe('admin recording.shown an error');
  });

  it('is deleted for good by a moderator, once, and a worker removes what is stored', async () => {
    const ask = () =>
      api.ask('DELETE', `/api/v1${path('delete')}`, { token: moderator.accessToken, body: { reason } });
    const answers = await Promise.all([ask(), ask(), ask()]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409, 409]);
    expect(answers.find(({ status }) => status === 200)?.body).toMatchObject({
      recording: 'deleted',
      playback: { playable: false, posterUrl: null, storyboardUrl: null },
    });
    expect(await isShut()).toBe(true);
    for (const who of [null, ann, moderator])
      expect([await isListed(who), await plays(who)]).toEqual([false, false]);
    expect((await removal())?.data).toMatchObject({ playbackId: life.playbackId });
    expect(await refused(admin, 'hide')).toBe('409 wrong_state');
    // Pictures that were made meanwhile don't come back, nor does the recording when its end is told again.
    await life.tell({ type: 'vod.imagesReady', posterPath: 'poster.jpg', storyboardPath: 's.vtt' });
    await life.ended();
    await life.tell({ type: 'recording.removed' });
    await factsHandled(backend.redis);
    expect(await life.session()).toMatchObject({ recording: 'deleted', playback: { posterUrl: null } });
    expect(await titles()).toContain('Your recording was deleted');
    expect(await acts()).toEqual([`moderator recording.deleted ${reason}`]);
  });

  it('is deleted by its host, hidden or not; what a crash left of it is done later', async () => {
    await hide(admin);
    const { client } = life.host;
    expect((await client.sessions.deleteRecording({ id: life.sessionId })).recording).toBe('deleted');
    expect(await api.refusal(life.host, 'DELETE', own())).toBe('409 wrong_state');
    expect((await acts())[0]).toBe('host recording.deleted null');
    await (await removal())?.remove();
    await life.alter({ recordingDeletedAt: new Date(Date.now() - 60_000) });
    await waitUntil('the removal to be queued again', async () => (await removal()) !== undefined, 60_000);
    await life.tell({ type: 'recording.removed' });
    const row = () => backend.database.session.findUniqueOrThrow({ where: { id: life.sessionId } });
    await waitUntil('the end of it', async () => (await row()).mediaRemovedAt !== null, 60_000);
  });
});

it('others hide, show and delete nothing, nor what is not there', async () => {
  for (const act of ['hide', 'show', 'delete'] as const) {
    expect(await refused(null, act)).toBe('401 unauthenticated');
    for (const who of [ann, life.host]) expect(await refused(who, act)).toBe('403 forbidden');
  }
  for (const act of ['hide', 'delete'] as const) {
    expect(await refused(moderator, act, {})).toBe('422 validation_failed');
    expect(await refused(moderator, act, { reason: 'x'.repeat(1_001) })).toBe('422 validation_failed');
  }
  expect(await api.refusal(null, 'DELETE', own())).toBe('401 unauthenticated');
  for (const who of [ann, moderator]) expect(await api.refusal(who, 'DELETE', own())).toBe('403 forbidden');
  const nowhere = randomUUID();
  expect(await api.refusal(ann, 'DELETE', `/sessions/${nowhere}/recording`)).toBe('404 not_found');
  const gone = { token: admin.accessToken, body: { reason } };
  const answer = await api.ask('POST', `/api/v1/admin/sessions/${nowhere}/recording/hide`, gone);
  expect(refusalOf(answer)).toBe('404 not_found');
  // Nor of one's equals, nor what is only prepared.
  await backend.giveRole(life.host, 'moderator');
  for (const act of ['hide', 'delete'] as const) expect(await refused(moderator, act)).toBe('403 forbidden');
  await backend.giveRole(life.host, 'user');
  const { id } = await life.host.client.sessions.create({ title: 'prepared' });
  expect(await api.refusal(life.host, 'DELETE', `/sessions/${id}/recording`)).toBe('409 wrong_state');
  expect(await acts()).toEqual([]);
});

it('a recording can be hidden while its session still ends, and is deleted only then', async () => {
  await life.goLive();
  await moderator.client.sessions.end({ id: life.sessionId });
  await life.reaches('ending');
  expect(await refused(moderator, 'delete')).toBe('409 wrong_state');
  expect((await hide()).recording).toBe('hidden');
  expect(await plays(ann)).toBe(false);
  await life.ended();
  await life.reaches('ended');
  expect([await isListed(ann), await plays(ann)]).toEqual([false, false]);
});
