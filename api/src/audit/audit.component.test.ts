import { randomUUID } from 'node:crypto';
import { auditPage, type AuditEntry } from '@maydan/contracts';
import { waitUntil } from '@maydan/infra';
import { earnDirectly, fundDirectly, keyed } from '../testing/money.ts';
import { post } from '../testing/statuses.ts';
import { refusalOf, type Account, type TestApi } from '../testing/TestApi.ts';
import { startStaffed } from '../testing/startStaffed.ts';
import type { TestBackend } from '../testing/TestBackend.ts';

let backend: TestBackend;
let api: TestApi;
let host: Account;
let ann: Account;
let moderator: Account;
let admin: Account;

beforeAll(async () => {
  ({ backend, api, host, ann, moderator, admin } = await startStaffed());
});
afterAll(() => backend?.close());

const open = async () => (await host.client.sessions.create({ title: 'room' })).id;
const list = async (filter: Parameters<typeof admin.client.audit.list>[0]) =>
  (await moderator.client.audit.list(filter)).items;
const written = ({ actor, role, action, target, user }: AuditEntry) => [
  ...[actor?.id, role, action, target.id],
  user?.id,
];

describe('the audit log', () => {
  it('has what hosts and moderators do in a session, the newest first', async () => {
    const id = await open();
    const userId = ann.user.id;
    const say = (text: string) => ann.client.chat.send({ id, tempId: randomUUID(), text });
    const [first, second, third] = [await say('one'), await say('two'), await say('three')];
    await host.client.chat.delete({ id, messageId: first.id });
    await host.client.chat.delete({ id, messageId: first.id });
    await moderator.client.chat.delete({ id, messageId: second.id });
    await ann.client.chat.delete({ id, messageId: third.id });
    await host.client.chat.setRules({ id, slowModeSec: 5 });
    await moderator.client.chat.setRules({ id, slowModeSec: 0 });
    await moderator.client.sessions.update({ id, title: 'another' });
    await host.client.bans.create({ id, userId, reason: 'noise' });
    await host.client.bans.create({ id, userId, reason: 'again' });
    await moderator.client.bans.remove({ id, userId });
    await admin.client.sessions.end({ id });
    const { user: h } = host;
    const [m, a] = [moderator.user.id, admin.user.id];
    expect((await list({ targetId: id })).map(written)).toEqual([
      [a, 'admin', 'session.ended', id, h.id],
      [m, 'moderator', 'session.unbanned', id, userId],
      [h.id, 'host', 'session.banned', id, userId],
      [m, 'moderator', 'session.changed', id, h.id],
      [m, 'moderator', 'chat.rulesChanged', id, undefined],
    ]);
    const deleted = await list({ action: 'chat.messageDeleted', userId });
    expect(deleted.map(written)).toEqual([
      [m, 'moderator', 'chat.messageDeleted', second.id, userId],
      [h.id, 'host', 'chat.messageDeleted', first.id, userId],
    ]);
    const [ban] = await list({ targetId: id, action: 'session.banned' });
    expect(ban).toMatchObject({ reason: 'noise', actor: { username: h.username } });
    expect(ban?.requestId).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('has what moderators and admins do on the platform', async () => {
    const word = await admin.client.bannedWords.add({ word: 'frobnicate' });
    await admin.client.bannedWords.remove({ id: word.id });
    const gift = await admin.client.gifts.create({
      name: { en: 'Rose', ar: 'وردة' },
      iconUrl: '/rose.webp',
      animation: null,
      price: 5,
    });
    await admin.client.gifts.update({ id: gift.id, active: false });
    const status = await post(ann);
    await moderator.client.statuses.remove({ id: status.id });
    const own = await post(moderator);
    await moderator.client.statuses.remove({ id: own.id });
    await fundDirectly(backend, host.user.id, 2_000);
    await earnDirectly(backend, host.user.id, ann.user.id, 2_000);
    const body = { coins: 1_000, destination: 'IBAN' };
    const { id } = await ann.client.wallet.createWithdrawal({ headers: keyed(), body });
    await admin.client.money.approve({ id });
    await admin.client.money.reject({ id, reason: 'wrong name' });
    await admin.client.gifts.rebuildLeaderboards();
    const acts = async (targetId: string) => (await list({ targetId })).map(({ action }) => action);
    expect(await acts(word.id)).toEqual(['bannedWord.removed', 'bannedWord.added']);
    expect(await acts(gift.id)).toEqual(['gift.changed', 'gift.added']);
    expect(await acts(status.id)).toEqual(['status.deleted']);
    expect(await acts(own.id)).toEqual([]);
    expect(await acts(id)).toEqual(['withdrawal.rejected', 'withdrawal.approved']);
    const [rejected] = await list({ action: 'withdrawal.rejected' });
    expect(rejected).toMatchObject({ reason: 'wrong name', details: { coins: 1_000 } });
    expect(JSON.stringify(rejected)).not.toContain('IBAN');
    expect(await list({ action: 'leaderboards.rebuilt' })).toHaveLength(1);
  });

  it('has an act once that is done at once, and none that is refused', async () => {
    const id = await open();
    const bans = [1, 2, 3, 4].map(() => host.client.bans.create({ id, userId: ann.user.id }));
    await Promise.all(bans);
    const removals = [1, 2, 3].map(() =>
      api.ask('DELETE', `/api/v1/sessions/${id}/bans/${ann.user.id}`, { token: host.accessToken }),
    );
    await Promise.all(removals);
    expect(await api.refusal(ann, 'POST', `/sessions/${id}/end`)).toBe('403 forbidden');
    const entries = await list({ targetId: id });
    expect(entries.map(({ action }) => action)).toEqual(['session.unbanned', 'session.banned']);
  });

  it('is read in pages, between two moments, by moderators and admins alone', async () => {
    expect(await api.refusal(null, 'GET', '/admin/audit')).toBe('401 unauthenticated');
    expect(await api.refusal(ann, 'GET', '/admin/audit')).toBe('403 forbidden');
    for (const query of ['action=nonsense', 'cursor=x', 'actorId=x', 'from=yesterday', 'limit=0'])
      expect(await api.refusal(admin, 'GET', `/admin/audit?${query}`)).toBe('422 validation_failed');
    const id = await open();
    for (const slowModeSec of [1, 2, 3, 4]) await admin.client.chat.setRules({ id, slowModeSec });
    const all = await list({ targetId: id });
    const pages: string[] = [];
    let cursor: string | undefined;
    do {
      const page = auditPage.parse(await admin.client.audit.list({ targetId: id, limit: 3, cursor }));
      pages.push(...page.items.map((entry) => entry.id));
      cursor = page.nextCursor ?? undefined;
    } while (cursor !== undefined && pages.length < 20);
    expect(pages).toEqual(all.map((entry) => entry.id));
    expect(pages).toHaveLength(4);
    const at = all[1]?.at ?? '';
    const between = { targetId: id, from: at, to: new Date(Date.parse(at) + 1).toISOString() };
    expect((await list(between)).map((entry) => entry.at)).toContain(at);
    expect(await list({ targetId: id, to: all[3]?.at })).toEqual([]);
    expect(await list({ actorId: ann.user.id })).toEqual([]);
  });

  it('is changed by nobody, whoever writes to the database', async () => {
    const id = await open();
    await host.client.bans.create({ id, userId: ann.user.id, reason: 'noise' });
    for (const sql of [
      `UPDATE "AuditEntry" SET "action" = 'gift.added'`,
      `UPDATE "AuditEntry" SET "reason" = NULL, "details" = '{}' WHERE "targetId" = '${id}'`,
      `DELETE FROM "AuditEntry"`,
      `TRUNCATE "AuditEntry"`,
    ])
      await expect(backend.database.$executeRawUnsafe(sql)).rejects.toThrow(/append-only/);
    expect(await list({ targetId: id })).toMatchObject([{ reason: 'noise' }]);
  });

  it('keeps of a deleted person nothing but the id', async () => {
    const gone = await api.register();
    const id = await open();
    const userId = gone.user.id;
    await host.client.bans.create({ id, userId, reason: `${gone.user.username} shouts` });
    const body = { password: gone.password };
    expect((await api.ask('POST', '/api/v1/account/delete', { token: gone.accessToken, body })).status).toBe(
      202,
    );
    const row = () => backend.database.user.findUniqueOrThrow({ where: { id: userId } });
    await waitUntil('the erasure', async () => (await row()).erasedAt !== null, 60_000);
    const [entry] = await list({ targetId: id });
    expect(entry).toMatchObject({
      action: 'session.banned',
      user: { id: userId },
      reason: null,
      details: {},
    });
    expect(JSON.stringify(entry)).not.toContain(gone.user.username);
    expect(refusalOf(await api.ask('GET', `/api/v1/users/${userId}`))).toBe('404 not_found');
  });
});
