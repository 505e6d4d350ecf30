import { randomUUID } from 'node:crypto';
import {
  maxStatuses,
  maxStatusLength,
  statusLifetimeMs,
  type StatusAudience,
  type StatusView,
} from '@maydan/contracts';
import { newId } from '@maydan/prisma';
import { idOf, type Account, type TestApi } from '../testing/TestApi.ts';
import { TestBackend } from '../testing/TestBackend.ts';
import { TestMedia } from '../testing/TestMedia.ts';
import { TestSocket } from '../testing/TestSocket.ts';
import { expire, feedOf, follow, post, see, untilRemoved, uploadForStatus } from '../testing/statuses.ts';

let backend: TestBackend;
let files: TestMedia;
let api: TestApi;
let second: TestApi;

beforeAll(async () => {
  backend = await TestBackend.start();
  files = await TestMedia.start(backend);
  api = await backend.startApi(files.environment);
  second = await backend.startApi(files.environment);
});
afterAll(async () => {
  TestSocket.closeAll();
  await files?.close();
  await backend?.close();
});

const upload = (who: Account, type?: string) => uploadForStatus(files, api, who, type);
const idsOf = (page: { items: { id: string }[] }): string[] => page.items.map(({ id }) => id);

describe('a status', () => {
  it('is a text that followers see for a day', async () => {
    const [ann, fan, stranger] = (await api.people(3)) as [Account, Account, Account];
    await follow(fan, ann);
    const style = { background: '#102030', colour: '#ffffff', font: 'serif', align: 'start' } as const;
    const made = await post(ann, { text: '  مرحبا\r\n\u202eby\u0000e ', style });
    const { id, username, displayName } = ann.user;
    expect(made).toMatchObject({
      ...{ user: { id, username, displayName }, kind: 'text', text: 'مرحبا\nbye', style, media: null },
      ...{ seen: true, own: { audience: 'followers', viewers: 0 } },
    });
    expect(Date.parse(made.expiresAt) - Date.parse(made.createdAt)).toBe(statusLifetimeMs);
    const seen = { ...made, seen: false, own: null };
    expect(await fan.client.statuses.get({ id: made.id })).toEqual(seen);
    expect(await fan.client.statuses.ofUser({ id })).toEqual({ items: [seen], nextCursor: null });
    expect(await fan.client.statuses.feed({})).toEqual({
      items: [{ user: made.user, count: 1, unseen: 1, latest: seen }],
      nextCursor: null,
    });
    expect(await ann.client.statuses.mine({})).toEqual({ items: [made], nextCursor: null });
    expect(await feedOf(stranger)).toEqual([]);
    expect(await api.refusal(stranger, 'GET', `/statuses/${made.id}`)).toBe('404 not_found');
    expect(await api.refusal(fan, 'GET', `/statuses/${randomUUID()}`)).toBe('404 not_found');
    expect(await api.refusal(fan, 'GET', `/users/${randomUUID()}/statuses`)).toBe('404 not_found');
  });

  it('is a picture or a video, which those see who see the status', async () => {
    const [ann, fan, stranger] = (await api.people(3)) as [Account, Account, Account];
    await follow(fan, ann);
    const [picture, video] = [await upload(ann), await upload(ann, 'video/mp4')];
    const first = await post(ann, { mediaId: picture.id, text: 'below' });
    const last = await post(ann, { mediaId: video.id });
    expect([first, last].map(({ kind, text }) => [kind, text])).toEqual([
      ['image', 'below'],
      ['video', ''],
    ]);
    const shown = await fan.client.statuses.get({ id: first.id });
    expect(shown.media).toMatchObject({ id: picture.id, state: 'ready' });
    const content = await fetch(api.url + (shown.media?.url ?? '/nothing'));
    expect([content.status, await content.text()]).toEqual([200, 'content']);
    expect((await fan.client.media.get({ id: picture.id })).id).toBe(picture.id);
    expect(await api.refusal(stranger, 'GET', `/media/${picture.id}`)).toBe('404 not_found');
    expect(await api.refusal(ann, 'DELETE', `/media/${picture.id}`)).toBe('409 conflict');
  });

  it('has a file that is its owner’s, ready, for a status, and in no other one', async () => {
    const [ann, bob] = (await api.people(2)) as [Account, Account];
    const file = await upload(ann);
    const waiting = await files.upload(api, ann, { purpose: 'status' });
    const ofMessage = await files.ready(api, ann);
    const tried = (who: Account, mediaId: string) =>
      api.refusal(who, 'POST', '/statuses', { tempId: randomUUID(), mediaId });
    for (const [who, id] of [
      [bob, file.id],
      [ann, waiting.id],
      [ann, ofMessage.id],
      [ann, randomUUID()],
    ] as const) {
      expect(await tried(who, id)).toBe('409 conflict');
    }
    const all = await Promise.allSettled([1, 2, 3].map(() => post(ann, { mediaId: file.id })));
    expect(all.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(await tried(ann, file.id)).toBe('409 conflict');
    expect((await ann.client.statuses.mine({})).items).toHaveLength(1);
  });

  it.each<[string, object]>([
    ['nothing', {}],
    ['a text that shows nothing', { text: ' \u200d\u202e ' }],
    ['too long a text', { text: 'x'.repeat(maxStatusLength + 1) }],
    ['an unknown audience', { text: 'x', audience: 'nobody' }],
    [
      'a colour that is none',
      { text: 'x', style: { background: 'red;', colour: '#ffffff', font: 'sans', align: 'start' } },
    ],
    [
      'a style on a file',
      {
        mediaId: randomUUID(),
        style: { background: '#000000', colour: '#ffffff', font: 'sans', align: 'start' },
      },
    ],
    ['an own id with blanks', { text: 'x', tempId: 'a b' }],
    ['a file that is no id', { mediaId: '../x' }],
  ])('is refused with %s', async (_what, change) => {
    const ann = await api.register();
    const body = { tempId: randomUUID(), ...change };
    expect(await api.refusal(ann, 'POST', '/statuses', body)).toBe('422 validation_failed');
    expect(await api.refusal(null, 'POST', '/statuses', body)).toBe('401 unauthenticated');
  });

  it('is stored once however often it is sent, at whichever process', async () => {
    const ann = await api.register();
    const elsewhere = second.clientOf(ann.accessToken);
    const input = { tempId: 'once', text: 'hello' };
    const all = await Promise.all(
      [1, 2, 3].flatMap(() => [ann.client.statuses.create(input), elsewhere.statuses.create(input)]),
    );
    expect(new Set(all.map(({ id }) => id)).size).toBe(1);
    expect((await ann.client.statuses.mine({})).items).toHaveLength(1);
    await ann.client.statuses.remove({ id: all[0]!.id });
    await untilRemoved(backend, all[0]!);
    expect((await ann.client.statuses.create(input)).id).not.toBe(all[0]!.id);
  });

  it('is one of so many at most, also at once', async () => {
    const ann = await api.register();
    const [createdAt, expiresAt] = [new Date(), new Date(Date.now() + statusLifetimeMs)];
    const data = Array.from({ length: maxStatuses - 2 }, () => ({
      ...{ id: newId(), userId: ann.user.id, tempId: randomUUID(), text: 'x', createdAt, expiresAt },
    }));
    await backend.database.status.createMany({ data });
    const all = await Promise.allSettled([1, 2, 3, 4, 5].map(() => post(ann)));
    expect(all.filter(({ status }) => status === 'fulfilled')).toHaveLength(2);
    expect(all.find(({ status }) => status === 'rejected')).toMatchObject({ reason: { code: 'conflict' } });
    const pages = [await ann.client.statuses.mine({ limit: 20 })];
    pages.push(await ann.client.statuses.mine({ limit: 20, cursor: pages[0]!.nextCursor! }));
    expect(new Set(pages.flatMap(idsOf)).size).toBe(maxStatuses);
    expect(pages[1]!.nextCursor).toBeNull();
    expect(await api.refusal(ann, 'GET', '/me/statuses?cursor=x')).toBe('422 validation_failed');
  });

  it('may not be made without end', async () => {
    const strict = await backend.startApi({ ...files.environment, STATUS_RATE_PER_USER: '2' });
    const ann = await api.register();
    const client = strict.clientOf(ann.accessToken);
    const asked = await Promise.allSettled(
      [1, 2, 3].map(() => client.statuses.create({ tempId: randomUUID(), text: 'x' })),
    );
    expect(asked.filter(({ status }) => status === 'fulfilled')).toHaveLength(2);
    expect(asked.find(({ status }) => status === 'rejected')).toMatchObject({
      reason: { code: 'rate_limited' },
    });
    await strict.close();
  });
});

describe('an audience', () => {
  it('sees, others do not, and somebody whom a block hides sees nothing at all', async () => {
    const [ann, fan, contact, stranger, blocked] = (await api.people(5)) as [
      Account,
      Account,
      Account,
      Account,
      Account,
    ];
    await follow(fan, ann);
    await follow(blocked, ann);
    await ann.client.people.addContact(idOf(contact));
    await ann.client.blocks.create(idOf(blocked));
    const audiences: StatusAudience[] = ['followers', 'contacts', 'everyone'];
    const made: StatusView[] = [];
    for (const audience of audiences) made.push(await post(ann, { audience }));
    const reached = async (who: Account): Promise<string[]> => {
      const listed = await who.client.statuses.ofUser(idOf(ann));
      for (const { id } of made) {
        const sees = idsOf(listed).includes(id);
        const answers = [
          await api.ask('GET', `/api/v1/statuses/${id}`, { token: who.accessToken }),
          await api.ask('POST', `/api/v1/statuses/${id}/seen`, { token: who.accessToken }),
        ];
        expect(answers.map(({ status }) => status)).toEqual(sees ? [200, 200] : [404, 404]);
        const refusal = sees ? '403 forbidden' : '404 not_found';
        expect(await api.refusal(who, 'DELETE', `/statuses/${id}`)).toBe(refusal);
        expect(await api.refusal(who, 'GET', `/statuses/${id}/viewers`)).toBe(refusal);
      }
      expect(listed.items.every(({ own }) => own === null)).toBe(true);
      return idsOf(listed);
    };
    const [toFollowers, toContacts, toAll] = made.map(({ id }) => id);
    expect(await reached(fan)).toEqual([toFollowers, toAll]);
    expect(await reached(contact)).toEqual([toContacts, toAll]);
    expect(await reached(stranger)).toEqual([toAll]);
    expect(await api.refusal(blocked, 'GET', `/users/${ann.user.id}/statuses`)).toBe('404 not_found');
    for (const { id } of made) {
      expect(await api.refusal(blocked, 'GET', `/statuses/${id}`)).toBe('404 not_found');
      expect(await api.refusal(blocked, 'POST', `/statuses/${id}/seen`)).toBe('404 not_found');
    }
    expect([await feedOf(blocked), await feedOf(contact)]).toEqual([[], []]);
    await follow(contact, ann);
    // The two others were seen before.
    expect(await feedOf(contact)).toEqual([[ann.user.id, 1]]);
    await backend.database.user.update({ where: idOf(ann), data: { bannedAt: new Date() } });
    expect(await feedOf(fan)).toEqual([]);
    expect(await api.refusal(stranger, 'GET', `/statuses/${toAll}`)).toBe('404 not_found');
  });
});

describe('the feed', () => {
  it('has people with unseen ones first, in pages that nothing moves meanwhile', async () => {
    const [fan, ann, bob, cat, late] = (await api.people(5)) as [Account, Account, Account, Account, Account];
    for (const whom of [ann, bob, cat, late]) await follow(fan, whom);
    const ofBob = await post(bob);
    const ofCat = await post(cat);
    await see(fan, await post(ann));
    const page = (cursor?: string) => fan.client.statuses.feed({ limit: 1, cursor });
    const first = await page();
    for (const status of [ofBob, ofCat]) await see(fan, status);
    await post(ann);
    const tooLate = await post(late);
    const next = await page(first.nextCursor!);
    const last = await page(next.nextCursor!);
    expect([first, next, last].map(({ items }) => items[0]?.user.id)).toEqual(
      [cat, bob, ann].map(({ user }) => user.id),
    );
    expect(last.nextCursor).toBeNull();
    expect(last.items[0]).toMatchObject({ count: 2, unseen: 1, latest: { seen: false } });
    expect(await feedOf(fan)).toEqual([
      [late.user.id, 1],
      [ann.user.id, 1],
      [cat.user.id, 0],
      [bob.user.id, 0],
    ]);
    await fan.client.people.unfollow(idOf(ann));
    for (const status of [ofCat, tooLate]) await expire(backend, status);
    expect(await feedOf(fan)).toEqual([[bob.user.id, 0]]);
    for (const cursor of ['x', first.nextCursor!.slice(4)]) {
      expect(await api.refusal(fan, 'GET', `/statuses?cursor=${cursor}`)).toBe('422 validation_failed');
    }
    expect(await api.refusal(fan, 'GET', '/statuses?limit=101')).toBe('422 validation_failed');
  });

  it('costs as many queries for five people as for one', async () => {
    const [fan, ...all] = (await api.people(6)) as [Account, ...Account[]];
    for (const one of all) {
      await follow(fan, one);
      await post(one);
    }
    const pageOf = (limit: number) => () => fan.client.statuses.feed({ limit });
    expect(await backend.countQueries(pageOf(5))).toBe(await backend.countQueries(pageOf(1)));
    const [owner] = all as [Account];
    const mine = () => owner.client.statuses.mine({});
    const few = await backend.countQueries(mine);
    await post(owner);
    await post(owner);
    expect(await backend.countQueries(mine)).toBe(few);
  });
});

describe('who has seen a status', () => {
  it('is listed to its owner, each once, without those whom a block hides', async () => {
    const [ann, bob, cat, dan] = (await api.people(4)) as [Account, Account, Account, Account];
    const made = await post(ann, { audience: 'everyone' });
    const { id } = made;
    await Promise.all(
      [1, 2, 3].flatMap(() => [see(bob, made), second.clientOf(bob.accessToken).statuses.see({ id })]),
    );
    await see(cat, made);
    const socket = await TestSocket.connect(second.url, { token: dan.accessToken });
    expect(await socket.ask('status:see', { id })).toEqual({});
    expect(await socket.codeOf('status:see', { id: randomUUID() })).toBe('not_found');
    await see(ann, made);
    expect((await bob.client.statuses.get({ id })).seen).toBe(true);
    expect((await ann.client.statuses.get({ id })).own).toEqual({ audience: 'everyone', viewers: 3 });
    const first = await ann.client.statuses.viewers({ id, limit: 2 });
    const rest = await ann.client.statuses.viewers({ id, limit: 2, cursor: first.nextCursor! });
    expect([...first.items, ...rest.items].map(({ user }) => user.id)).toEqual(
      [dan, cat, bob].map(({ user }) => user.id),
    );
    expect(rest.nextCursor).toBeNull();
    await ann.client.blocks.create(idOf(cat));
    await dan.client.blocks.create(idOf(ann));
    const { items } = await ann.client.statuses.viewers({ id });
    expect(items.map(({ user }) => user.id)).toEqual([bob.user.id]);
    expect((await ann.client.statuses.mine({})).items[0]?.own?.viewers).toBe(1);
    expect(await api.refusal(ann, 'GET', `/statuses/${id}/viewers?cursor=x`)).toBe('422 validation_failed');
  });
});
