import { randomUUID } from 'node:crypto';
import { accountExport, type AccountExport, type AccountExportWithFiles } from '@maydan/contracts';
import { waitUntil } from '@maydan/infra';
import { z } from 'zod';
import { allTold } from '../testing/notifications.ts';
import { post, see } from '../testing/statuses.ts';
import { leaveTraces } from '../testing/traces.ts';
import { refusalOf, type Account, type TestApi } from '../testing/TestApi.ts';
import { TestBackend } from '../testing/TestBackend.ts';
import { picture, TestMedia } from '../testing/TestMedia.ts';
import { TestSocket } from '../testing/TestSocket.ts';
import { mostRuns } from './ExportQueue.ts';
import { exportKey } from './ExportStore.ts';

let backend: TestBackend;
let files: TestMedia;
let api: TestApi;

beforeAll(async () => {
  backend = await TestBackend.start();
  files = await TestMedia.start(backend);
  api = await backend.startApi(files.environment);
});
afterEach(() => {
  files?.resume();
  TestSocket.closeAll();
});
afterAll(async () => {
  await backend?.close();
  await files?.close();
});

const path = '/api/v1/account/exports';
const dayMs = 86_400_000;
const restreamTarget = { name: 'mine', url: 'rtmp://live.example.org/x', streamKey: 'key-of-mine-only' };
const withinMs = 60_000;
const document = z.object({
  format: z.literal('maydan-export'),
  version: z.literal(1),
  userId: z.uuid(),
  exportId: z.uuid(),
  file: z.int(),
  data: z.record(z.string(), z.array(z.record(z.string(), z.unknown()))),
  isLast: z.boolean(),
});

const ask = ({ client }: Account): Promise<AccountExport> => client.personalData.createExport();
const row = (id: string) => backend.database.accountExport.findUnique({ where: { id } });
const size = (id: string, run = 1): Promise<number | null> => files.openStore().size(exportKey(id, run, 1));

async function until(
  account: Account,
  id: string,
  state: AccountExport['state'],
): Promise<AccountExportWithFiles> {
  const get = () => account.client.personalData.getExport({ id });
  await waitUntil(`the export being ${state}`, async () => (await get()).state === state, withinMs);
  return get();
}

/** All rows by kind, and the files as they are. */
async function download({ files: links }: AccountExportWithFiles) {
  const texts: string[] = [];
  for (const { url, byteLength } of links) {
    const answer = await fetch(api.url + url);
    expect([answer.status, answer.headers.get('content-type')]).toEqual([
      200,
      'application/json; charset=utf-8',
    ]);
    expect(answer.headers.get('content-disposition')).toMatch(/^attachment;.*maydan-export-.*\.json$/);
    const body = Buffer.from(await answer.arrayBuffer());
    expect(body.length).toBe(byteLength);
    texts.push(body.toString());
  }
  const documents = texts.map((text) => document.parse(JSON.parse(text)));
  const data: Record<string, Record<string, unknown>[]> = {};
  for (const { data: part } of documents) {
    for (const [kind, rows] of Object.entries(part)) data[kind] = [...(data[kind] ?? []), ...rows];
  }
  return { documents, data, text: texts.join('') };
}

/** The storage has been asked to take the first file, and says nothing. */
async function untilWriting(id: string): Promise<void> {
  await waitUntil('a file on its way', async () => (await row(id))?.mostFiles === 1, withinMs);
}

describe('an export', () => {
  it('has what the person has and wrote, no secrets, and nothing that others wrote', async () => {
    const [ann, bob, cat] = (await api.people(3)) as [Account, Account, Account];
    const other = { id: bob.user.id };
    await ann.client.account.update({ displayName: 'Ann آن', bio: 'what I say of myself' });
    await ann.client.people.follow(other);
    await ann.client.people.addContact(other);
    await ann.client.subscribers.admit({ userId: bob.user.id });
    await bob.client.subscribers.admit({ userId: ann.user.id });
    await bob.client.people.follow({ id: ann.user.id });
    await ann.client.blocks.create({ id: cat.user.id });
    const group = await ann.client.conversations.create({ kind: 'group', name: 'Us', memberIds: [other.id] });
    const direct = await ann.client.conversations.direct({ userId: other.id });
    const send = (who: Account, id: string, text: string) =>
      who.client.messages.send({ id, text, tempId: randomUUID() });
    await send(ann, group.id, 'to all');
    await send(ann, direct.id, 'to "one"');
    await send(bob, direct.id, 'only of Bob');
    await ann.client.messages.delete({ id: (await send(ann, group.id, 'unsaid')).id });
    const { media } = await ann.client.media.create(picture);
    const { key } = await api.createKey(ann);
    const shown = await post(ann, { text: 'for a day' });
    const seen = await post(bob, { audience: 'everyone' });
    await see(ann, seen);
    await api.client.auth.login({ login: ann.user.username, password: ann.password });
    const { sessionId } = await leaveTraces(backend, ann, { by: bob, conversationId: group.id });
    await allTold(backend);

    const socket = await TestSocket.connect(api.url, { token: ann.accessToken });
    const stranger = await TestSocket.connect(api.url, { token: bob.accessToken });
    await ann.client.restream.create(restreamTarget);
    const asked = await ask(ann);
    expect(asked).toMatchObject({ state: 'waiting', finishedAt: null, expiresAt: null, byteLength: null });
    const done = await until(ann, asked.id, 'ready');
    const { documents, data, text } = await download(done);
    expect(documents).toMatchObject([{ userId: ann.user.id, exportId: asked.id, file: 1, isLast: true }]);
    expect(data).toMatchObject({
      account: [
        {
          ...{ id: ann.user.id, email: ann.user.email, displayName: 'Ann آن', bio: 'what I say of myself' },
          googleSubject: 'google-of-them',
        },
      ],
      sessionBans: [{ sessionId, reason: 'too loud' }],
      channelRemovals: [{ conversationId: group.id }],
      stageDevices: [{ role: 'cohost' }, { role: 'cohost' }],
      devices: [{ endedAt: null }, { endedAt: null }],
      following: [{ followee: other }],
      followers: [{ follower: other }],
      contacts: [{ contact: other }],
      ...{ subscribers: [{ until: null, user: other }], subscriptions: [{ until: null, host: other }] },
      blocks: [{ blocked: { id: cat.user.id } }],
      media: [
        {
          ...{ id: media.id, purpose: 'message', name: 'a.png', state: 'awaiting' },
          askAt: `/api/v1/media/${media.id}`,
        },
      ],
      notifications: [{ type: 'follow' }, { type: 'message', data: { conversationId: direct.id } }],
      statuses: [{ id: shown.id, text: 'for a day', audience: 'followers' }],
      seenStatuses: [{ statusId: seen.id }],
      streamKeys: [{ revokedAt: null }],
      restreamTargets: [{ name: 'mine', keyHint: 'only' }],
      exports: [{ id: asked.id }],
    });
    expect(data['conversations']).toHaveLength(2);
    expect(data['conversations']).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ conversationId: group.id, name: 'Us', role: 'owner', withUserId: null }),
        expect.objectContaining({ conversationId: direct.id, kind: 'direct', withUserId: other.id }),
      ]),
    );
    expect(data['messages']?.map((one) => one['text']).sort()).toEqual(['to "one"', 'to all']);
    const secrets = [
      'only of Bob',
      'key-of-mine-only',
      'unsaid',
      ...[key, ann.password, ann.accessToken, ann.refreshToken, '$argon2'],
    ];
    for (const secret of secrets) expect(text).not.toContain(secret);

    await socket.until('account:exportReady');
    expect(socket.of('account:exportReady')).toEqual([{ export: accountExport.parse(done) }]);
    expect(stranger.of('account:exportReady')).toEqual([]);
    const keptMs = Date.parse(done.expiresAt ?? '') - Date.parse(done.finishedAt ?? '');
    expect([keptMs, done.byteLength]).toEqual([7 * dayMs, Buffer.byteLength(text)]);
  });

  it('has each row of a big account once, in as many files as it takes', async () => {
    const account = await api.register();
    const { id } = account.user;
    const { database } = backend;
    const conversation = await account.client.conversations.create({
      kind: 'group',
      name: 'Big',
      memberIds: [],
    });
    // Pages have 500 rows; those of one moment are sorted by their ids.
    await database.$executeRaw`
      INSERT INTO "Message" ("id", "conversationId", "seq", "senderId", "tempId", "text")
      SELECT gen_random_uuid(), ${conversation.id}::uuid, n, ${id}::uuid,
        CASE WHEN n > 600 THEN 'temp-' || n END, n || repeat('ن', 4000)
      FROM generate_series(1, 1201) n`;
    await database.$executeRaw`
      INSERT INTO "Media" ("id", "ownerId", "purpose", "kind", "declaredType", "declaredBytes", "uploadExpiresAt", "createdAt")
      SELECT gen_random_uuid(), ${id}::uuid, 'message'::"MediaPurpose", 'file'::"FileKind", 'text/plain', n, now() + interval '1 hour',
        date_trunc('second', now()) FROM generate_series(1, 1001) n`;
    await database.$executeRaw`
      WITH fans AS (
        INSERT INTO "User" ("id", "username", "usernameKey", "displayName", "nameKey", "updatedAt")
        SELECT gen_random_uuid(), 'fan_' || n, 'fan_' || n, 'Fan', 'fan', now() FROM generate_series(1, 1001) n
        RETURNING "id"
      ) INSERT INTO "Follow" ("followerId", "followeeId", "createdAt")
      SELECT "id", ${id}::uuid, date_trunc('second', now()) FROM fans`;
    const done = await until(account, (await ask(account)).id, 'ready');
    const { documents, data } = await download(done);
    expect(documents.map(({ file, isLast }) => [file, isLast])).toEqual([
      [1, false],
      [2, true],
    ]);
    for (const { byteLength } of done.files) expect(byteLength).toBeLessThanOrEqual(8 * 1_048_576);
    const distinct = (kind: string, key: string): number =>
      new Set(data[kind]?.map((one) => JSON.stringify(one[key]))).size;
    const counts = ['messages', 'media', 'followers'].map((kind) => data[kind]?.length);
    expect(counts).toEqual([1_201, 1_001, 1_001]);
    expect([distinct('messages', 'seq'), distinct('media', 'declaredBytes')]).toEqual([1_201, 1_001]);
    expect(distinct('followers', 'followerId')).toBe(1_001);
  });
});

describe('whoever asks', () => {
  it('has to be signed in, and gets their own alone', async () => {
    const [ann, bob] = [await api.register(), await api.register()];
    for (const [method, where] of [
      ['POST', path],
      ['GET', path],
      ['GET', `${path}/${randomUUID()}`],
    ] as const) {
      expect(refusalOf(await api.ask(method, where))).toBe('401 unauthenticated');
    }
    const { id } = await ask(ann);
    const { files: links } = await until(ann, id, 'ready');
    for (const account of [ann, bob]) {
      const wanted = account === ann ? randomUUID() : id;
      expect(await api.refusal(account, 'GET', `/account/exports/${wanted}`)).toBe('404 not_found');
    }
    expect(await api.refusal(ann, 'GET', '/account/exports/x')).toBe('422 validation_failed');
    expect(await api.refusal(ann, 'GET', '/account/exports?cursor=x')).toBe('422 validation_failed');
    expect(await bob.client.personalData.listExports({})).toEqual({ items: [], nextCursor: null });
    const url = api.url + (links[0]?.url ?? '');
    expect(new URL(url).searchParams.get('X-Amz-Expires')).toBe('600');
    const elsewhere = url.replace(id, randomUUID());
    const statuses = [url, elsewhere, url.split('?')[0] ?? ''].map(async (one) => (await fetch(one)).status);
    expect(await Promise.all(statuses)).toEqual([200, 403, 404]);
    expect((await fetch(url, { method: 'DELETE' })).status).toBe(404);
    expect((await fetch(url)).status).toBe(200);
  });

  it('gets one at a time, also at once, and three a day, in pages', async () => {
    const account = await api.register();
    files.pause();
    const token = account.accessToken;
    const answers = await Promise.all([1, 2, 3, 4].map(() => api.ask('POST', path, { token })));
    expect(answers.filter(({ status }) => status === 202)).toHaveLength(1);
    for (const answer of answers) if (answer.status !== 202) expect(refusalOf(answer)).toBe('409 conflict');
    files.resume();
    const ids: string[] = [];
    for (let count = 0; count < 3; count++) {
      const { items } = await account.client.personalData.listExports({ limit: 1 });
      const id = count === 0 ? items[0]?.id : (await ask(account)).id;
      ids.unshift((await until(account, id ?? '', 'ready')).id);
    }
    const refused = await api.ask('POST', path, { token });
    expect(refusalOf(refused)).toBe('429 rate_limited');
    const { retryAfterSec } = z
      .object({ error: z.object({ details: z.object({ retryAfterSec: z.int() }) }) })
      .parse(refused.body).error.details;
    expect(retryAfterSec).toBeGreaterThan(80_000);
    const first = await account.client.personalData.listExports({ limit: 2 });
    const next = await account.client.personalData.listExports({ limit: 2, cursor: first.nextCursor ?? '' });
    expect([...first.items, ...next.items].map(({ id }) => id)).toEqual(ids);
    expect(next.nextCursor).toBeNull();
    const createdAt = new Date(Date.now() - dayMs - 1_000);
    await backend.database.accountExport.updateMany({
      where: { userId: account.user.id },
      data: { createdAt },
    });
    await until(account, (await ask(account)).id, 'ready');
  });
});

describe('the sweep', () => {
  it('removes the files of what has expired, and a month later all of it', async () => {
    const account = await api.register();
    const { id } = await ask(account);
    const { files: links } = await until(account, id, 'ready');
    expect(await size(id)).toBe(links[0]?.byteLength);
    const expire = (ageMs: number) =>
      backend.database.accountExport.update({
        where: { id },
        data: { expiresAt: new Date(Date.now() - ageMs) },
      });
    await expire(1_000);
    expect(await account.client.personalData.getExport({ id })).toMatchObject({
      ...{ state: 'expired', byteLength: null, files: [] },
    });
    await waitUntil('the files to be gone', async () => (await size(id)) === null, withinMs);
    expect((await fetch(api.url + (links[0]?.url ?? ''))).status).toBe(404);
    await waitUntil('the row to know', async () => (await row(id))?.mostFiles === 0, withinMs);
    await expire(30 * dayMs + 60_000);
    await waitUntil('the row to be gone', async () => (await row(id)) === null, withinMs);
  });

  it('queues one again whose job was lost, and gives one up that was begun too often', async () => {
    const [lost, hopeless] = [await api.register(), await api.register()];
    const changedAt = new Date(Date.now() - 60_000);
    const store = (account: Account, run: number) =>
      backend.database.accountExport.create({ data: { userId: account.user.id, changedAt, run } });
    const [again, never] = [await store(lost, 0), await store(hopeless, mostRuns)];
    expect((await download(await until(lost, again.id, 'ready'))).data['account']).toHaveLength(1);
    const failed = await until(hopeless, never.id, 'failed');
    expect(failed).toMatchObject({ expiresAt: null, byteLength: null, files: [] });
    await until(hopeless, (await ask(hopeless)).id, 'ready');
  });
});

describe('with its account', () => {
  const erased = async (
    { user, accessToken: token, password }: Account,
    meanwhile?: () => Promise<void>,
  ): Promise<void> => {
    const answer = await api.ask('POST', '/api/v1/account/delete', { token, body: { password } });
    expect(answer.status).toBe(202);
    await meanwhile?.();
    files.resume();
    const at = async () => (await backend.database.user.findUnique({ where: { id: user.id } }))?.erasedAt;
    await waitUntil('the erasure', async () => (await at()) instanceof Date, withinMs);
  };

  it('an export goes', async () => {
    const account = await api.register();
    const { id } = await ask(account);
    await until(account, id, 'ready');
    await erased(account);
    expect([await row(id), await size(id)]).toEqual([null, null]);
  });

  it('an export goes that is being made', async () => {
    const account = await api.register();
    files.pause();
    const { id } = await ask(account);
    await untilWriting(id);
    await erased(account, async () => {
      const waits = async () => (await files.queue('account').getDelayedCount()) > 0;
      await waitUntil('the erasure to wait for the export', waits, 60_000);
      expect(await row(id)).toMatchObject({ state: 'failed', mostFiles: 1 });
    });
    expect([await row(id), await size(id)]).toEqual([null, null]);
  });
});

describe('when its process is killed', () => {
  it('an export is made by another, once', async () => {
    const account = await api.register();
    await api.close();
    const killed = await backend.startProcess(0, files.environment);
    files.pause();
    const answer = await fetch(killed.url + path, {
      method: 'POST',
      headers: { authorization: `Bearer ${account.accessToken}` },
    });
    expect(answer.status).toBe(202);
    const { id } = z.object({ id: z.uuid() }).parse(await answer.json());
    await untilWriting(id);
    await killed.end('SIGKILL');
    expect(await row(id)).toMatchObject({ state: 'waiting', run: 1 });
    api = await backend.startApi(files.environment);
    const here = { ...account, client: api.clientOf(account.accessToken) };
    const socket = await TestSocket.connect(api.url, { token: account.accessToken });
    // It can't be ready before somebody listens.
    files.resume();
    const done = await until(here, id, 'ready');
    const { documents, data } = await download(done);
    expect(documents).toMatchObject([{ exportId: id, isLast: true }]);
    expect(data['account']).toMatchObject([{ id: account.user.id }]);
    await socket.until('account:exportReady');
    expect(socket.of('account:exportReady')).toHaveLength(1);
    expect((await row(id))?.run).toBeGreaterThan(1);
  });
});
