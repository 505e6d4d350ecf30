import { randomUUID } from 'node:crypto';
import type { ReportTargetKind } from '@maydan/contracts';
import { waitUntil } from '@maydan/infra';
import { allTold } from '../testing/notifications.ts';
import { post } from '../testing/statuses.ts';
import { refusalOf, type Account, type TestApi } from '../testing/TestApi.ts';
import { TestBackend } from '../testing/TestBackend.ts';
import { TestSocket } from '../testing/TestSocket.ts';

let backend: TestBackend;
let api: TestApi;
let ann: Account;
let bob: Account;
let moderator: Account;
let admin: Account;

beforeAll(async () => {
  backend = await TestBackend.start();
  api = await backend.startApi();
  [ann, bob, moderator, admin] = (await api.people(4)) as [...[Account, Account, Account, Account]];
  await backend.giveRole(moderator, 'moderator');
  await backend.giveRole(admin, 'admin');
});
afterAll(() => backend?.close());

const report = (who: Account, kind: ReportTargetKind, id: string) =>
  who.client.reports.create({ target: { kind, id }, category: 'spam', text: 'look at this' });
const refused = (who: Account | null, kind: string, id: string, more: object = {}) =>
  api.refusal(who, 'POST', '/reports', { target: { kind, id }, category: 'spam', ...more });
const open = async (userId: string) => (await moderator.client.reports.list({ userId })).items;
const decide = (who: Account, id: string, how: 'resolve' | 'dismiss', body: object = {}) =>
  api.refusal(who, 'POST', `/admin/reports/${id}/${how}`, body);

describe('a report', () => {
  it('is of each kind of thing, and keeps what was reported when it is deleted', async () => {
    const userId = bob.user.id;
    const session = await bob.client.sessions.create({ title: 'a bad title' });
    const said = await bob.client.chat.send({ id: session.id, tempId: 'x', text: 'a bad word' });
    const conversation = await bob.client.conversations.direct({ userId: ann.user.id });
    const message = await bob.client.messages.send({
      ...{ id: conversation.id, tempId: 'y', text: 'a bad message' },
    });
    const status = await post(bob, { text: 'a bad status', audience: 'everyone' });
    await report(ann, 'user', userId);
    await report(ann, 'session', session.id);
    await report(ann, 'chatMessage', said.id);
    await report(ann, 'message', message.id);
    await report(ann, 'status', status.id);
    await bob.client.chat.delete({ id: session.id, messageId: said.id });
    await bob.client.statuses.remove({ id: status.id });
    const items = await open(userId);
    expect(items.map(({ target }) => target.kind)).toEqual([
      ...['user', 'session', 'chatMessage', 'message', 'status'],
    ]);
    const snapshots = JSON.stringify(items.map(({ snapshot }) => snapshot));
    for (const words of [bob.user.username, 'a bad title', 'a bad word', 'a bad message', 'a bad status'])
      expect(snapshots).toContain(words);
    expect(items[0]).toMatchObject({ reporter: { id: ann.user.id }, user: { id: userId }, state: 'open' });
    expect(await refused(ann, 'chatMessage', said.id)).toBe('404 not_found');
  });

  it('of a session says whether it was about a recording', async () => {
    const { id } = await bob.client.sessions.create({ title: 'first live' });
    const { id: later } = await bob.client.sessions.create({ title: 'then recorded' });
    const data = { state: 'ended' as const, startedAt: new Date(), endedAt: new Date(), recorded: true };
    await backend.database.session.update({ where: { id: later }, data });
    const [live, recorded] = [await report(ann, 'session', id), await report(ann, 'session', later)];
    const snapshotOf = async ({ id: reportId }: { id: string }) =>
      (await moderator.client.reports.get({ id: reportId })).snapshot;
    expect(await snapshotOf(live)).toMatchObject({ title: 'first live', recording: 'none' });
    expect(await snapshotOf(recorded)).toMatchObject({ state: 'ended', recording: 'available' });
    expect(await refused(ann, 'video', later)).toBe('422 validation_failed');
  });

  it('is one for each reporter and target while it is open, also at once', async () => {
    const { id } = (await api.register()).user;
    const made = await Promise.all([1, 2, 3].map(() => report(ann, 'user', id)));
    expect(new Set(made.map((one) => one.id)).size).toBe(1);
    await report(bob, 'user', id);
    expect(await open(id)).toHaveLength(2);
    await moderator.client.reports.dismiss({ id: made[0]?.id ?? '' });
    const again = await report(ann, 'user', id);
    expect(again.id).not.toBe(made[0]?.id);
  });

  it('is of what one sees, is not one’s own, and is no garbage', async () => {
    const { id } = bob.user;
    expect(await refused(null, 'user', id)).toBe('401 unauthenticated');
    expect(await refused(ann, 'user', ann.user.id)).toBe('409 conflict');
    for (const kind of ['user', 'session', 'chatMessage', 'message', 'status'])
      expect(await refused(ann, kind, randomUUID())).toBe('404 not_found');
    const stranger = await api.register();
    const conversation = await bob.client.conversations.direct({ userId: ann.user.id });
    const said = await bob.client.messages.send({ id: conversation.id, tempId: 'z', text: 'for Ann' });
    expect(await refused(stranger, 'message', said.id)).toBe('404 not_found');
    expect(await refused(ann, 'video', id)).toBe('422 validation_failed');
    expect(await refused(ann, 'user', 'x')).toBe('422 validation_failed');
    expect(await refused(ann, 'user', id, { category: 'dull' })).toBe('422 validation_failed');
    expect(await refused(ann, 'user', id, { text: 'x'.repeat(1_001) })).toBe('422 validation_failed');
    for (let count = 0; count < 35; count++) await refused(stranger, 'user', randomUUID());
    expect(await refused(stranger, 'user', id)).toBe('429 rate_limited');
  });
});

describe('the queue of reports', () => {
  it('is worked on by moderators, once each, and the reporter is told', async () => {
    const target = await api.register();
    const { id: userId } = target.user;
    const { id } = await report(ann, 'user', userId);
    const mine = { id, assigneeId: moderator.user.id };
    expect((await admin.client.reports.assign(mine)).assignee?.id).toBe(moderator.user.id);
    const { items } = await moderator.client.reports.list({ assigneeId: moderator.user.id });
    expect(items.map((one) => one.id)).toEqual([id]);
    const nobody = { assigneeId: bob.user.id };
    expect(await api.refusal(admin, 'POST', `/admin/reports/${id}/assign`, nobody)).toBe('409 conflict');
    const action = 'user.banned';
    const answers = await Promise.all(
      [1, 2, 3].map(() =>
        api.ask('POST', `/api/v1/admin/reports/${id}/resolve`, {
          token: moderator.accessToken,
          body: { action, note: 'suspended' },
        }),
      ),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409, 409]);
    expect(await decide(admin, id, 'dismiss')).toBe('409 wrong_state');
    const decided = await moderator.client.reports.get({ id });
    expect(decided).toMatchObject({ state: 'resolved', action, decidedBy: { id: moderator.user.id } });
    const { items: resolved } = await admin.client.reports.list({ state: 'resolved', userId });
    expect(resolved).toEqual([decided]);
    await allTold(backend);
    const told = await ann.client.notifications.list({ type: 'system' });
    expect(JSON.stringify(told.items)).toContain('took action');
    const acts = (await admin.client.audit.list({ targetId: id })).items.map((entry) => entry.action);
    expect(acts).toEqual(['report.resolved', 'report.assigned']);
  });

  it('is closed to others, and nobody decides on what is about them', async () => {
    const { id } = await report(ann, 'user', moderator.user.id);
    expect(await decide(moderator, id, 'dismiss')).toBe('403 forbidden');
    expect(await decide(ann, id, 'dismiss')).toBe('403 forbidden');
    expect(await decide(admin, randomUUID(), 'dismiss')).toBe('404 not_found');
    expect(await decide(admin, id, 'resolve', { action: 'dancing' })).toBe('422 validation_failed');
    expect(await api.refusal(ann, 'GET', '/admin/reports')).toBe('403 forbidden');
    expect(await api.refusal(ann, 'GET', `/admin/reports/${id}`)).toBe('403 forbidden');
    expect(await api.refusal(admin, 'GET', '/admin/reports?cursor=x')).toBe('422 validation_failed');
    await admin.client.reports.dismiss({ id, note: 'a joke' });
  });

  it('is read in pages, the oldest first', async () => {
    const { id } = (await api.register()).user;
    const made: string[] = [];
    for (const who of [ann, bob, moderator]) made.push((await report(who, 'user', id)).id);
    const first = await admin.client.reports.list({ userId: id, limit: 2 });
    const next = { userId: id, limit: 2, cursor: first.nextCursor ?? '' };
    const rest = await admin.client.reports.list(next);
    expect([...first.items, ...rest.items].map((one) => one.id)).toEqual(made);
    expect(rest.nextCursor).toBeNull();
  });
});

describe('a message that was reported', () => {
  const reason = 'threats';
  const deletion = (who: Account | null, id: string, body: object = { reason }) =>
    api.refusal(who, 'DELETE', `/admin/messages/${id}`, body);
  async function write(from: Account, to: Account): Promise<string> {
    const { id } = await from.client.conversations.direct({ userId: to.user.id });
    return (await from.client.messages.send({ id, tempId: randomUUID(), text: 'a threat' })).id;
  }

  it('is deleted by a moderator for all who are in its conversation, once, at once', async () => {
    const id = await write(bob, ann);
    const sockets = await Promise.all(
      [ann, bob].map(({ accessToken: token }) => TestSocket.connect(api.url, { token }, true)),
    );
    expect(await deletion(moderator, id)).toBe('404 not_found');
    await report(ann, 'message', id);
    const remove = () => moderator.client.platformModeration.deleteMessage({ id, reason });
    await Promise.all([remove(), remove(), remove()]);
    for (const socket of sockets) {
      await socket.until('message:deleted');
      expect(socket.of('message:deleted')).toMatchObject([{ message: { id, text: '' } }]);
    }
    expect(await ann.client.messages.get({ id })).toMatchObject({ text: '' });
    const { items } = await admin.client.audit.list({ targetId: id });
    expect(items).toMatchObject([{ action: 'message.deleted', reason, user: { id: bob.user.id } }]);
    const [{ snapshot } = { snapshot: {} }] = (await open(bob.user.id)).filter(
      ({ target }) => target.id === id,
    );
    expect(snapshot).toMatchObject({ text: 'a threat' });
  });

  it('is deleted by nobody else, nor once the report was dismissed, nor of one’s rank', async () => {
    const [id, ofAdmin] = [await write(bob, ann), await write(admin, ann)];
    const { id: reportId } = await report(ann, 'message', id);
    await report(ann, 'message', ofAdmin);
    expect(await deletion(null, id)).toBe('401 unauthenticated');
    for (const who of [ann, bob]) expect(await deletion(who, id)).toBe('403 forbidden');
    expect(await deletion(moderator, id, {})).toBe('422 validation_failed');
    expect(await deletion(moderator, 'x')).toBe('422 validation_failed');
    expect(await deletion(moderator, ofAdmin)).toBe('403 forbidden');
    expect(await deletion(moderator, randomUUID())).toBe('404 not_found');
    await moderator.client.reports.dismiss({ id: reportId });
    expect(await deletion(moderator, id)).toBe('404 not_found');
    expect(await ann.client.messages.get({ id })).toMatchObject({ text: 'a threat' });
  });
});

describe('reports of deleted people', () => {
  it('keep nothing that they wrote, and nothing of theirs', async () => {
    const [reporter, target] = [await api.register(), await api.register()];
    const [by, about] = [
      await report(reporter, 'user', bob.user.id),
      await report(ann, 'user', target.user.id),
    ];
    for (const { accessToken: token, password } of [reporter, target]) {
      const answer = await api.ask('POST', '/api/v1/account/delete', { token, body: { password } });
      expect(answer.status).toBe(202);
    }
    const gone = { erasedAt: { not: null }, id: { in: [reporter.user.id, target.user.id] } };
    const erased = () => backend.database.user.count({ where: gone });
    await waitUntil('the erasures', async () => (await erased()) === 2, 60_000);
    expect(await admin.client.reports.get({ id: by.id })).toMatchObject({ reporter: null, text: '' });
    const { snapshot, text } = await admin.client.reports.get({ id: about.id });
    expect([snapshot, text]).toEqual([{}, '']);
    expect(refusalOf(await api.ask('GET', `/api/v1/users/${target.user.id}`))).toBe('404 not_found');
  });
});

it('moderators who listen are told of each report and of what becomes of it, until they moderate no more', async () => {
  const [officer, guest, cara] = [
    await api.register(),
    await TestSocket.connect(api.url),
    await api.register(),
  ];
  const setRole = (role: 'moderator' | 'user') => admin.client.admin.setRole({ id: officer.user.id, role });
  const userId = cara.user.id;
  await setRole('moderator');
  const socket = await TestSocket.connect(api.url, { token: officer.accessToken }, true);
  const stranger = await TestSocket.connect(api.url, { token: ann.accessToken });
  expect(await guest.codeOf('reports:subscribe', {})).toBe('unauthenticated');
  expect(await stranger.codeOf('reports:subscribe', {})).toBe('forbidden');
  for (const event of ['reports:subscribe', 'reports:subscribe'])
    expect(await socket.codeOf(event, {})).toBeUndefined();
  const made = await report(ann, 'user', userId);
  await report(ann, 'user', userId);
  const assigned = await moderator.client.reports.assign({ id: made.id, assigneeId: officer.user.id });
  const dismissed = await officer.client.reports.dismiss({ id: made.id });
  await socket.until('report:changed', 2);
  expect(socket.of('report:created')).toMatchObject([{ report: { ...made, reporter: { id: ann.user.id } } }]);
  expect(socket.of('report:changed')).toEqual([{ report: assigned }, { report: dismissed }]);
  // Their connections come back as who they are now.
  await setRole('user');
  await socket.until('connection:ready', 2);
  expect(await socket.codeOf('reports:subscribe', {})).toBe('forbidden');
  await setRole('moderator');
  await socket.until('connection:ready', 3);
  const later = await report(bob, 'user', userId);
  const fresh = await TestSocket.connect(api.url, { token: officer.accessToken });
  await fresh.ask('reports:subscribe', {});
  await moderator.client.reports.dismiss({ id: later.id });
  await fresh.until('report:changed');
  expect([socket.of('report:created').length, socket.of('report:changed').length]).toEqual([1, 2]);
  await fresh.ask('reports:unsubscribe', {});
  TestSocket.closeAll();
});
