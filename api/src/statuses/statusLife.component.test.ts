import { waitUntil } from '@maydan/infra';
import { namesOf, newId } from '@maydan/prisma';
import { socketStream } from '../realtime/EventStream.ts';
import { rooms } from '../realtime/rooms.ts';
import { idOf, type Account, type TestApi } from '../testing/TestApi.ts';
import { TestBackend } from '../testing/TestBackend.ts';
import { TestMedia } from '../testing/TestMedia.ts';
import {
  expire,
  feedOf,
  follow,
  post,
  see,
  untilOnline,
  untilRemoved,
  uploadForStatus,
} from '../testing/statuses.ts';
import { TestSocket } from '../testing/TestSocket.ts';
import { followersAtOnce } from './statusFollowers.repo.ts';
import { StatusesData } from './statusesData.repo.ts';

let backend: TestBackend;
let files: TestMedia;
let api: TestApi;
/** Both sweep. */
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

const upload = (who: Account) => uploadForStatus(files, api, who);
const connect = async (who: Account, to: TestApi = api): Promise<TestSocket> => {
  const client = await TestSocket.connect(to.url, { token: who.accessToken });
  await untilOnline(backend, who);
  return client;
};

describe('the end of a status', () => {
  it('comes when its owner deletes it, once, with its file and who has seen it', async () => {
    const [ann, fan] = (await api.people(2)) as [Account, Account];
    await follow(fan, ann);
    const made = await post(ann, { mediaId: (await upload(ann)).id });
    await see(fan, made);
    const path = `/statuses/${made.id}`;
    const answers = await Promise.all(
      [1, 2, 3].map(() => api.ask('DELETE', `/api/v1${path}`, { token: ann.accessToken })),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 404, 404]);
    expect(await api.refusal(fan, 'GET', path)).toBe('404 not_found');
    expect(await api.refusal(fan, 'GET', `/media/${made.media?.id}`)).toBe('404 not_found');
    expect([await feedOf(fan), (await ann.client.statuses.mine({})).items]).toEqual([[], []]);
    await untilRemoved(backend, made);
  });

  it('comes when a moderator deletes it, once, whoever it was for; the log says who did', async () => {
    const [ann, fan, bob, cat] = (await api.people(4)) as [Account, Account, Account, Account];
    await follow(fan, ann);
    const made = await post(ann, { mediaId: (await upload(ann)).id });
    const toNobody = await post(ann, { audience: 'contacts' });
    const path = `/statuses/${made.id}`;
    expect(await api.refusal(fan, 'DELETE', path)).toBe('403 forbidden');
    expect(await api.refusal(bob, 'DELETE', path)).toBe('404 not_found');
    await backend.giveRole(bob, 'moderator');
    await backend.giveRole(cat, 'admin');
    const clients = [await connect(ann), await connect(fan)];
    const answers = await Promise.all(
      [bob, bob, cat].map(({ accessToken }) =>
        second.ask('DELETE', `/api/v1${path}`, { token: accessToken }),
      ),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 404, 404]);
    for (const client of clients) await client.until('status:deleted');
    expect(await api.refusal(ann, 'GET', path)).toBe('404 not_found');
    await untilRemoved(backend, made);
    await cat.client.statuses.remove({ id: toNobody.id });
    expect((await ann.client.statuses.mine({})).items).toEqual([]);
    const line = backend.log.split('\n').find((one) => one.includes(`"statusId":"${toNobody.id}"`)) ?? '{}';
    expect(JSON.parse(line)).toMatchObject({ userId: ann.user.id, moderatorId: cat.user.id });
    expect(await api.refusal(cat, 'DELETE', `/statuses/${toNobody.id}`)).toBe('404 not_found');
  });

  it('comes after a day, whichever of two processes sweeps it', async () => {
    const [ann, fan] = (await api.people(2)) as [Account, Account];
    await follow(fan, ann);
    const made = [await post(ann, { mediaId: (await upload(ann)).id }), await post(ann)];
    const kept = await post(ann, { mediaId: (await upload(ann)).id });
    for (const status of made) await see(fan, status);
    for (const status of made) await expire(backend, status);
    for (const { id } of made) expect(await api.refusal(fan, 'GET', `/statuses/${id}`)).toBe('404 not_found');
    expect(await api.refusal(fan, 'POST', `/statuses/${made[0]!.id}/seen`)).toBe('404 not_found');
    expect(await feedOf(fan)).toEqual([[ann.user.id, 1]]);
    for (const status of made) await untilRemoved(backend, status);
    expect((await fan.client.statuses.get({ id: kept.id })).media?.state).toBe('ready');
  });
});

describe('what is kept of somebody', () => {
  it('is exported, and erased when the sweep has been there', async () => {
    const [ann, bob] = (await api.people(2)) as [Account, Account];
    const made = await post(ann, { text: 'mine', mediaId: (await upload(ann)).id });
    const other = await post(bob, { audience: 'everyone' });
    await see(ann, other);
    const data = new StatusesData(backend.database);
    const exported: object[] = [];
    for await (const { kind, row } of data.export(ann.user.id)) exported.push({ kind, ...row });
    expect(exported).toEqual([
      expect.objectContaining({ kind: 'statuses', id: made.id, text: 'mine', mediaId: made.media?.id }),
      expect.objectContaining({ kind: 'seenStatuses', statusId: other.id }),
    ]);
    await waitUntil('the erasure', async () => (await data.erase(ann.user.id)) === 'done', 60_000);
    await untilRemoved(backend, made);
    expect((await bob.client.statuses.mine({})).items[0]?.own?.viewers).toBe(0);
  });
});

describe('followers who are connected', () => {
  /** Whom events about statuses were addressed to, one row for each entry of the stream, from `since` on. */
  const addressed = async (since: string): Promise<string[][]> => {
    const entries = await backend.redis.xrange(socketStream, since, '+');
    const envelopes = entries.map(([, fields]) => JSON.parse(fields[1] ?? '{}') as Record<string, unknown>);
    return envelopes.filter(({ event }) => event === 'status:created').map((one) => one.rooms as string[]);
  };

  it('are told of a status and of its end, at all processes; who may not see it is not', async () => {
    const [ann, near, far, blocked, stranger] = (await api.people(5)) as [
      Account,
      Account,
      Account,
      Account,
      Account,
    ];
    for (const fan of [near, far, blocked]) await follow(fan, ann);
    await ann.client.people.addContact(idOf(far));
    await ann.client.people.addContact(idOf(stranger));
    await ann.client.blocks.create(idOf(blocked));
    const own = await connect(ann, second);
    const fans = [await connect(near), await connect(far, second)] as const;
    const others = [await connect(blocked), await connect(stranger)];
    const toAll = await post(ann, { mediaId: (await upload(ann)).id, audience: 'everyone' });
    const toContacts = await post(ann, { audience: 'contacts' });
    await ann.client.statuses.remove({ id: toAll.id });
    for (const client of [own, fans[1]]) await client.until('status:created', 2);
    for (const client of [own, ...fans]) await client.until('status:deleted');
    const told = fans.map((client) => client.of('status:created').map(({ status }) => status));
    expect(told[0]!.map(({ id }) => id)).toEqual([toAll.id]);
    expect(told[1]!.map(({ id }) => id)).toEqual([toAll.id, toContacts.id]);
    expect(told[0]![0]).toMatchObject({ seen: false, own: null, media: { id: toAll.media?.id } });
    expect(own.of('status:created').map(({ status }) => status.own?.audience)).toEqual([
      'everyone',
      'contacts',
    ]);
    expect(own.of('status:deleted')).toEqual([{ statusId: toAll.id, userId: ann.user.id }]);
    // Their own ones come after what they would have been told before.
    for (const [index, who] of [blocked, stranger].entries()) {
      await post(who);
      await others[index]!.until('status:created');
      expect(others[index]!.of('status:created').map(({ status }) => status.user.id)).toEqual([who.user.id]);
      expect(others[index]!.of('status:deleted')).toEqual([]);
    }
  });

  it('are found among very many, and nobody else costs an event', async () => {
    const [star, first, last] = (await api.people(3)) as [Account, Account, Account];
    const crowd = Array.from({ length: 3 * followersAtOnce }, (_, index) => ({
      id: newId(),
      ...namesOf(`crowd_${index}_${star.user.username.slice(-6)}`, 'Somebody'),
    }));
    await backend.database.user.createMany({ data: crowd });
    const at = Date.now();
    const follows = [last.user, ...crowd, first.user].map(({ id }, index) => ({
      ...{ followerId: id, followeeId: star.user.id, createdAt: new Date(at - 10_000 + index) },
    }));
    await backend.database.follow.createMany({ data: follows });
    const left = crowd[followersAtOnce]!.id;
    await backend.database.lastSeen.create({ data: { userId: left, at: new Date() } });
    const clients = [await connect(first), await connect(last, second)];
    await post(star);
    for (const client of clients) await client.until('status:created');
    for (const client of clients) expect(client.of('status:created')).toHaveLength(1);
    const told = (await addressed(`${at}-0`)).flat().sort();
    expect(told).toEqual([star.user.id, first.user.id, last.user.id, left].map(rooms.user).sort());
  });
});
