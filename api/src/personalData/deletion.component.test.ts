import { spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { JobProducer } from '@maydan/common';
import { waitUntil } from '@maydan/infra';
import { Prisma } from '@maydan/prisma';
import { Life } from '../testing/Life.ts';
import { OpenIdIssuer } from '../testing/OpenIdIssuer.ts';
import { SmsGateway } from '../testing/SmsGateway.ts';
import { SmtpInbox } from '../testing/SmtpInbox.ts';
import { refusalOf, type Account, type TestApi } from '../testing/TestApi.ts';
import { TestBackend } from '../testing/TestBackend.ts';
import { whileHeld } from '../testing/whileHeld.ts';
import { deletedName } from './deletion.repo.ts';

let backend: TestBackend;
let api: TestApi;
let jobs: JobProducer;
let issuer: OpenIdIssuer;
let gateway: SmsGateway;
let inbox: SmtpInbox;

beforeAll(async () => {
  backend = await TestBackend.start();
  [issuer, gateway, inbox] = await Promise.all([OpenIdIssuer.start(), SmsGateway.start(), SmtpInbox.start()]);
  api = await backend.startApi({
    ...{ PEOPLE_RATE_PER_USER: '1000', CONVERSATION_RATE_PER_USER: '1000' },
    ...{ ...issuer.environment, ...gateway.environment, ...inbox.environment },
  });
  jobs = new JobProducer(backend.redis);
});
afterAll(async () => {
  await jobs?.close();
  await backend?.close();
  await Promise.all([issuer?.close(), gateway?.close(), inbox?.close()]);
});

const deletePath = '/api/v1/account/delete';
const row = (account: Account) => backend.database.user.findUniqueOrThrow({ where: { id: account.user.id } });
const remove = ({ accessToken: token, password }: Account, body: object = { password }) =>
  api.ask('POST', deletePath, { token, body });
const erased = (account: Account, withinMs = 60_000) =>
  waitUntil('the erasure', async () => (await row(account)).erasedAt !== null, withinMs);

describe('a deleted account', () => {
  it('is deleted with the password alone, and only by its owner', async () => {
    const account = await api.register();
    expect(refusalOf(await api.ask('POST', deletePath, { body: {} }))).toBe('401 unauthenticated');
    expect(refusalOf(await remove(account, {}))).toBe('401 invalid_credentials');
    expect(refusalOf(await remove(account, { password: 'not-the-password' }))).toBe(
      '401 invalid_credentials',
    );
    expect(refusalOf(await remove(account, { password: 7 }))).toBe('422 validation_failed');
    expect((await row(account)).deletedAt).toBeNull();
  });

  it('without a password needs a fresh sign-in', async () => {
    const account = await api.register();
    const { id } = account.user;
    await backend.database.user.update({
      where: { id },
      data: { passwordHash: null, phone: '+966501112233' },
    });
    const createdAt = new Date(Date.now() - 3_600_000);
    await backend.database.signIn.updateMany({ where: { userId: id }, data: { createdAt } });
    expect(refusalOf(await remove(account, {}))).toBe('403 reauthentication_required');
    await backend.database.signIn.updateMany({ where: { userId: id }, data: { createdAt: new Date() } });
    expect((await remove(account, {})).status).toBe(202);
    await erased(account);
  });

  it('lets nobody in at once, is found nowhere, and leaves its names to others', async () => {
    const account = await api.register('soon_gone');
    const { key } = await api.createKey(account);
    const second = await api.client.auth.login({ login: 'soon_gone', password: account.password });
    expect((await remove(account)).status).toBe(202);
    for (const token of [account.accessToken, second.accessToken]) {
      expect(refusalOf(await api.ask('GET', '/api/v1/auth/me', { token }))).toBe('401 token_invalid');
    }
    const { refreshToken } = second;
    expect(refusalOf(await api.ask('POST', '/api/v1/auth/refresh', { body: { refreshToken } }))).toBe(
      '401 token_invalid',
    );
    await expect(
      api.client.auth.login({ login: 'soon_gone', password: account.password }),
    ).rejects.toMatchObject({ code: 'invalid_credentials' });
    expect((await api.askToPublish(key)).status).toBe(403);
    expect(refusalOf(await api.ask('GET', `/api/v1/users/${account.user.id}`))).toBe('404 not_found');
    expect((await api.client.people.search({ query: 'Deleted user' })).items).toEqual([]);
    expect((await api.register('soon_gone')).user.email).toBe(account.user.email);
    await erased(account);
  });

  it('leaves its files to the sweep', async () => {
    const account = await api.register();
    const announced = { purpose: 'avatar', type: 'image/png', byteLength: 9 } as const;
    const { media } = await account.client.media.create(announced);
    const row = { where: { id: media.id } };
    await backend.database.media.update({ ...row, data: { state: 'ready' } });
    await account.client.account.update({ avatarMediaId: media.id });
    expect((await remove(account)).status).toBe(202);
    await waitUntil(
      'the file to be on its way out',
      async () => (await backend.database.media.findUnique(row))?.state === 'removing',
      60_000,
    );
    const left = await backend.database.user.findUnique({ where: { id: account.user.id } });
    expect(left?.avatarId).toBeNull();
    await erased(account);
  });

  it('shows its statuses no more, and the sweep takes them and their files', async () => {
    const [account, fan] = [await api.register(), await api.register()];
    const announced = { purpose: 'status', type: 'image/png', byteLength: 9 } as const;
    const { media } = await account.client.media.create(announced);
    const file = { where: { id: media.id } };
    await backend.database.media.update({ ...file, data: { state: 'ready' } });
    const input = { tempId: 'a', mediaId: media.id, audience: 'everyone' } as const;
    const shown = await account.client.statuses.create(input);
    await fan.client.statuses.see({ id: shown.id });
    expect((await remove(account)).status).toBe(202);
    expect(await api.refusal(fan, 'GET', `/statuses/${shown.id}`)).toBe('404 not_found');
    await erased(account);
    expect(await backend.database.status.count({ where: { userId: account.user.id } })).toBe(0);
    expect((await backend.database.media.findUnique(file))?.state ?? 'removing').toBe('removing');
  });

  it('keeps nothing personal, and others keep their history', async () => {
    const [account, friend] = [await api.register(), await api.register()];
    const { id } = account.user;
    await account.client.account.update({ displayName: 'Real Name', bio: 'about me' });
    await account.client.people.follow({ id: friend.user.id });
    await friend.client.people.follow({ id });
    await friend.client.people.addContact({ id });
    await friend.client.subscribers.admit({ userId: id });
    await account.client.subscribers.admit({ userId: friend.user.id });
    const { id: groupId } = await account.client.conversations.create({
      kind: 'group',
      name: 'Us',
      memberIds: [friend.user.id],
    });
    const direct = await friend.client.conversations.direct({ userId: id });
    const target = { name: 'mine', url: 'rtmp://live.example.org/x', streamKey: 'k' };
    await account.client.restream.create(target);
    const { id: sessionId } = await friend.client.sessions.create({ title: 'room' });
    await account.client.chat.send({ id: sessionId, tempId: 'said', text: 'about me' });
    await account.client.messages.send({ id: direct.id, tempId: 'said', text: 'hello' });
    await friend.client.messages.send({ id: groupId, tempId: 'heard', text: 'hello' });
    const { sessionBan, sentGift } = backend.database;
    const banned = { sessionId, userId: friend.user.id };
    await sessionBan.create({ data: { ...banned, byId: id, reason: 'my words' } });
    const gift = {
      id: randomUUID(),
      giftId: randomUUID(),
      sessionId,
      quantity: 1,
      coins: 1n,
      commission: 0n,
    };
    await sentGift.create({
      data: { ...gift, senderId: id, recipientId: friend.user.id, message: 'my words' },
    });
    expect((await remove(account)).status).toBe(202);
    await erased(account);
    const kept = await row(account);
    expect(kept).toMatchObject({
      ...{ id, displayName: deletedName, bio: '', email: null, phone: null, googleSubject: null },
      ...{ passwordHash: null, role: 'user' },
    });
    expect(kept.username).toMatch(/^deleted_[a-z0-9]{16}$/);
    const { signIn, streamKey, restreamTarget, follow, contact, subscriber, followCount } = backend.database;
    expect(await signIn.count({ where: { userId: id } })).toBe(0);
    expect(await streamKey.count({ where: { userId: id } })).toBe(0);
    expect(await restreamTarget.count({ where: { userId: id } })).toBe(0);
    expect(await follow.count({ where: { OR: [{ followerId: id }, { followeeId: id }] } })).toBe(0);
    expect(await contact.count({ where: { contactId: id } })).toBe(0);
    expect(await subscriber.count({ where: { OR: [{ hostId: id }, { userId: id }] } })).toBe(0);
    const counted = await followCount.findUniqueOrThrow({ where: { userId: friend.user.id } });
    expect(counted).toMatchObject({ followers: 0, following: 0 });
    expect((await friend.client.chat.history({ id: sessionId })).items).toMatchObject([
      { sender: null, text: '' },
    ]);
    const { items } = await friend.client.conversations.members({ id: groupId });
    expect(items.map(({ user, role }) => [user.id, role])).toEqual([[friend.user.id, 'owner']]);
    expect(await friend.client.conversations.get({ id: direct.id })).toMatchObject({
      ...{ id: direct.id, other: null },
      lastMessage: { sender: null, text: 'hello' },
    });
    expect((await friend.client.messages.history({ id: direct.id })).items).toMatchObject([{ sender: null }]);
    expect(await sessionBan.findMany({ where: banned })).toMatchObject([{ byId: null, reason: null }]);
    expect(await sentGift.findUnique({ where: { id: gift.id } })).toMatchObject({ message: '' });
  });

  it('ends what is on air, waits for it, and has the recording removed', async () => {
    const life = await (await Life.create(backend, () => api)).authorize();
    await life.goLive();
    expect((await remove(life.host)).status).toBe(202);
    const session = () => backend.database.session.findUniqueOrThrow({ where: { id: life.sessionId } });
    await waitUntil('the end', async () => (await session()).state === 'ending', 60_000);
    expect((await row(life.host)).erasedAt).toBeNull();
    await life.ended();
    const removal = () => jobs.queue('recording.remove').getJob(life.playbackId);
    await waitUntil('the removal to be queued', async () => (await removal()) !== undefined, 60_000);
    expect((await removal())?.data).toMatchObject({ sessionId: life.sessionId, playbackId: life.playbackId });
    expect((await row(life.host)).erasedAt).toBeNull();
    await life.tell({ type: 'recording.removed' });
    await erased(life.host);
    expect(await session()).toMatchObject({
      ...{ title: '', description: '', recorded: false, posterPath: null, visibility: 'unlisted' },
      state: 'ended',
    });
  });

  it('is deleted once by many requests at once', async () => {
    const account = await api.register();
    const answers = await Promise.all([1, 2, 3, 4].map(() => remove(account)));
    const accepted = answers.filter(({ status }) => status === 202);
    expect(accepted).toHaveLength(1);
    for (const answer of answers) {
      if (answer.status !== 202) expect(['409 conflict', '401 token_invalid']).toContain(refusalOf(answer));
    }
    await erased(account);
  });

  it('stays nobody’s, whatever was on its way to it', async () => {
    const account = await api.register();
    const { id, username } = account.user;
    const [phone, email] = ['+966501112288', `late.${username}@example.org`];
    await api.client.auth.sendPhoneCode({ phone });
    await account.client.account.sendEmailCode({ email });
    const { accessToken: token, password } = account;
    const late = [
      ['PATCH', '', { displayName: 'Late', username: 'late_one', bio: 'late', language: 'ar' }],
      ['POST', '/phone', { phone, code: gateway.codeFor(phone) }],
      ['POST', '/email', { email, code: inbox.codeFor(email) }],
      ['POST', '/google', { idToken: issuer.token() }],
      ['POST', '/second-factor', { password }],
    ] as const;
    const lock = Prisma.sql`SELECT FROM "User" WHERE "id" = ${id}::uuid FOR UPDATE`;
    const begun = await whileHeld(backend.database, lock, [
      { waits: true, begin: () => remove(account) },
      ...late.map(([method, path, body]) => ({
        ...{ waits: true, begin: () => api.ask(method, `/api/v1/account${path}`, { token, body }) },
      })),
    ]);
    const [removed, ...others] = await Promise.all(begun);
    expect(removed?.status).toBe(202);
    const tooLate = '401 token_invalid';
    expect(others.map(refusalOf)).toEqual([tooLate, tooLate, tooLate, tooLate, '409 conflict']);
    await erased(account);
    const nobody = { displayName: deletedName, bio: '', language: null, phone: null, email: null };
    expect(await row(account)).toMatchObject({ ...nobody, googleSubject: null, secondFactorAt: null });
    expect(await backend.database.secondFactor.count({ where: { userId: id } })).toBe(0);
  });

  it('is not deleted by who is banned at that moment, whose address, number and Google account stay taken', async () => {
    const moderator = await api.register();
    await backend.giveRole(moderator, 'moderator');
    const people = await api.people(4);
    const outcomes = await Promise.all(
      people.map(async (account, nth) => {
        const { id } = account.user;
        await backend.database.user.update({ where: { id }, data: { phone: `+96650111223${nth}` } });
        const [removed] = await Promise.all([
          remove(account),
          moderator.client.platformModeration.ban({ id, reason: 'spam' }).catch(() => undefined),
        ]);
        const { bannedAt, deletedAt, phone, email } = await row(account);
        expect(bannedAt).not.toBeNull();
        expect([phone === null, email === null]).toEqual([deletedAt !== null, deletedAt !== null]);
        const banned = await backend.database.accountBan.count({ where: { userId: id } });
        // One of the two came first, and the other was refused.
        return [removed.status === 202, deletedAt !== null, banned === 0].join();
      }),
    );
    for (const outcome of outcomes) expect(['true,true,true', 'false,false,false']).toContain(outcome);
    const late = await api.register();
    await moderator.client.platformModeration.ban({ id: late.user.id, reason: 'spam' });
    expect(refusalOf(await remove(late))).toBe('403 account_banned');
    const again = { username: 'late_again', email: late.user.email ?? '', password: 'pass-late-again' };
    expect(refusalOf(await api.ask('POST', '/api/v1/auth/register', { body: again }))).toBe(
      '409 already_taken',
    );
  });

  it('is erased again without harm, and an account in use never', async () => {
    const [gone, used] = [await api.register(), await api.register()];
    await remove(gone);
    await erased(gone);
    const before = await row(gone);
    for (const { user } of [gone, used]) {
      await jobs.add('account.erase', { userId: user.id }, { jobId: user.id });
      const queue = jobs.queue('account.erase');
      await waitUntil('the job', async () => (await queue.getJob(user.id)) === undefined, 60_000);
    }
    expect(await row(gone)).toEqual(before);
    expect((await used.client.auth.me()).username).toBe(used.user.username);
  });
});

/** An api in a process of its own, that can be killed. */
async function startProcess(): Promise<{ child: ChildProcess; url: string }> {
  const main = join(import.meta.dirname, '../main.ts');
  const environment = {
    ...{ PATH: '', API_HOST: '127.0.0.1', API_PORT: '0', OPS_PORT: '0', NODE_ENV: 'test' },
    ...{ REDIS_URL: backend.redisUrl, DATABASE_URL: backend.databaseUrl },
    ...{ INTERNAL_SECRET: TestBackend.internalSecret, ACCESS_TOKEN_SECRET: 'a'.repeat(20) + 'b'.repeat(20) },
    ...{ S3_ACCESS_KEY_ID: 'key', S3_SECRET_ACCESS_KEY: 'secret' },
    RTMP_PUBLIC_URL: 'rtmp://127.0.0.1:1935/live',
  };
  const child = spawn(process.execPath, [main], { env: environment, stdio: 'pipe' });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
  await waitUntil('the api', () => said.includes('the api answers'), 60_000);
  return { child, url: `http://127.0.0.1:${Number(/"port":(\d+)/.exec(said)?.[1])}` };
}

describe('an erasure', () => {
  it('goes on in another process when its own is killed', async () => {
    const life = await (await Life.create(backend, () => api)).authorize();
    await life.goLive();
    await api.close();
    const { child, url } = await startProcess();
    try {
      const { accessToken, password } = life.host;
      const answer = await fetch(url + deletePath, {
        method: 'POST',
        headers: { authorization: `Bearer ${accessToken}`, 'content-type': 'application/json' },
        body: JSON.stringify({ password }),
      });
      expect(answer.status).toBe(202);
      const keys = () => backend.database.streamKey.count({ where: { userId: life.host.user.id } });
      await waitUntil('the erasure to be under way', async () => (await keys()) === 0, 60_000);
    } finally {
      child.kill('SIGKILL');
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    }
    expect((await row(life.host)).erasedAt).toBeNull();
    api = await backend.startApi();
    await life.ended();
    await life.tell({ type: 'recording.removed' });
    await erased(life.host, 60_000);
  });

  it('that was never queued is queued at the next start', async () => {
    const account = await api.register();
    await api.close();
    const data = { deletedAt: new Date(), bannedAt: new Date() };
    await backend.database.user.update({ where: { id: account.user.id }, data });
    api = await backend.startApi();
    await erased(account);
  });
});
