import { jest } from '@jest/globals';
import type { Notification } from '@maydan/contracts';
import { Life } from '../testing/Life.ts';
import { allTold } from '../testing/notifications.ts';
import { refusalOf, type Account, type TestApi } from '../testing/TestApi.ts';
import { TestBackend } from '../testing/TestBackend.ts';
import { NotificationsData } from './notificationsData.repo.ts';

// Hashing passwords takes long beside other tests.
jest.setTimeout(60_000);

let backend: TestBackend;
let api: TestApi;

beforeAll(async () => {
  backend = await TestBackend.start();
  api = await backend.startApi();
}, 120_000);
afterAll(() => backend?.close(), 60_000);

const people = (count: number): Promise<Account[]> =>
  Promise.all(Array.from({ length: count }, () => api.register()));
const idOf = ({ user }: Account): { id: string } => ({ id: user.id });
const ask = (method: string, path: string, account: Account, body: unknown) =>
  api.ask(method, `/api/v1${path}`, { token: account.accessToken, body });
const listOf = async (account: Account): Promise<Notification[]> =>
  (await account.client.notifications.list({})).items;
const settled = (): Promise<void> => allTold(backend);

async function rowsOf<R>(rows: AsyncIterable<R>): Promise<R[]> {
  const all: R[] = [];
  for await (const row of rows) all.push(row);
  return all;
}

describe('a deleted account', () => {
  it('leaves nothing of what it was told, wanted and said; an export has it', async () => {
    const life = await Life.create(backend, () => api);
    const fan = await api.register();
    await fan.client.people.follow(idOf(life.host));
    await fan.client.notifications.changeSettings({ types: { gift: { push: false } } });
    await life.goLive();
    await settled();
    const data = new NotificationsData(backend.database);
    const rows = await rowsOf(data.export(fan.user.id));
    expect(rows).toMatchObject([
      { kind: 'notifications', row: { type: 'stream', data: { sessionId: life.sessionId } } },
      { kind: 'notificationSettings', row: { pushOff: ['gift'] } },
    ]);
    for (const account of [life.host, fan]) {
      expect([await data.erase(account.user.id), await data.erase(account.user.id)]).toEqual([
        'done',
        'done',
      ]);
      expect(await rowsOf(data.export(account.user.id))).toEqual([]);
      if (account === life.host) expect(await listOf(fan)).toEqual([]);
    }
  });
});

describe('settings', () => {
  it('say what is told; changes at once are all kept', async () => {
    const [ann, bob, cat] = (await people(3)) as [Account, Account, Account];
    const before = await ann.client.notifications.settings();
    expect(before.quietHours).toBeNull();
    expect(Object.values(before.types)).toEqual(
      Array.from({ length: 6 }, () => ({ inApp: true, push: true })),
    );
    const quietHours = { from: '22:30', to: '06:05', timeZone: 'Africa/Cairo' };
    await Promise.all([
      ann.client.notifications.changeSettings({ types: { follow: { inApp: false } } }),
      ann.client.notifications.changeSettings({ types: { stream: { push: false } } }),
      ann.client.notifications.changeSettings({ quietHours }),
      ann.client.notifications.changeSettings({ types: { gift: { push: false, inApp: false } } }),
    ]);
    const after = await ann.client.notifications.changeSettings({ types: { gift: { inApp: true } } });
    expect(after).toEqual({
      quietHours,
      types: {
        ...before.types,
        follow: { inApp: false, push: true },
        stream: { inApp: true, push: false },
        gift: { inApp: true, push: false },
      },
    });
    await bob.client.people.follow(idOf(ann));
    await settled();
    expect(await listOf(ann)).toEqual([]);
    expect(await ann.client.notifications.unread()).toEqual({ unread: 0 });
    await ann.client.notifications.changeSettings({ types: { follow: { inApp: true } }, quietHours: null });
    await cat.client.people.follow(idOf(ann));
    await settled();
    expect(await listOf(ann)).toHaveLength(1);
    expect((await ann.client.notifications.settings()).quietHours).toBeNull();
  });

  it('refuse what means nothing', async () => {
    const [ann] = (await people(1)) as [Account];
    const quiet = { from: '22:00', to: '06:00', timeZone: 'Asia/Riyadh' };
    for (const body of [
      { types: { war: { push: true } } },
      { types: { gift: { push: 'yes' } } },
      { quietHours: { ...quiet, timeZone: 'Mars/Olympus' } },
      { quietHours: { ...quiet, from: '24:00' } },
      { quietHours: { ...quiet, to: quiet.from } },
    ]) {
      expect(refusalOf(await ask('PATCH', '/me/notification-settings', ann, body))).toBe(
        '422 validation_failed',
      );
    }
  });
});
