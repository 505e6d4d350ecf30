import { newId } from '@maydan/prisma';
import { Life } from '../testing/Life.ts';
import { expectBalancedBooks, fundDirectly, keyed } from '../testing/money.ts';
import type { Account, TestApi } from '../testing/TestApi.ts';
import { TestBackend } from '../testing/TestBackend.ts';

let backend: TestBackend;
let api: TestApi;
let admin: Account;

beforeAll(async () => {
  backend = await TestBackend.start();
  api = await backend.startApi();
  admin = await api.register();
  await backend.giveRole(admin, 'admin');
}, 180_000);
afterAll(async () => {
  await backend?.close();
});
afterEach(() => expectBalancedBooks(backend));

describe('somebody’s coins', () => {
  it('are shown to admins as to their owner, also when the account is deleted', async () => {
    const life = await (await Life.create(backend, () => api)).goLive();
    const [{ host }, fan] = [life, await api.register()];
    await fundDirectly(backend, fan.user.id, 500);
    const { id: giftId } = await admin.client.gifts.create({
      ...{ name: { en: 'Wave', ar: 'موجة' }, price: 100, iconUrl: '/wave.svg', animation: null },
    });
    const params = { id: life.sessionId };
    const gifts = [];
    for (const message of ['one', 'two', 'three'])
      gifts.unshift(await fan.client.gifts.send({ params, headers: keyed(), body: { giftId, message } }));
    const asked = [];
    for (const coins of [10, 20])
      asked.unshift(
        await host.client.wallet.createWithdrawal({
          headers: keyed(),
          body: { coins, destination: 'SA03 8000' },
        }),
      );
    const { money, gifts: ofGifts } = admin.client;
    const [ofFan, ofHost] = [{ id: fan.user.id }, { id: host.user.id }];
    expect(await money.transactions(ofFan)).toEqual(await fan.client.wallet.transactions({}));
    expect((await money.transactions(ofHost)).items.map(({ kind, held }) => [kind, held])).toEqual([
      ...[
        ['withdrawalHold', 20],
        ['withdrawalHold', 10],
      ],
      ...gifts.map(() => ['gift', 0]),
    ]);
    expect((await money.withdrawalsOf(ofHost)).items).toEqual(asked);
    expect((await money.withdrawalsOf(ofFan)).items).toEqual([]);
    expect((await ofGifts.receivedBy(ofHost)).items).toEqual(gifts);
    expect((await ofGifts.receivedBy(ofFan)).items).toEqual([]);
    // What a gift has cost is found, and given back, without its sender's help.
    const first = await ofGifts.sentBy({ ...ofFan, limit: 2 });
    const rest = await ofGifts.sentBy({ ...ofFan, limit: 2, cursor: first.nextCursor ?? '' });
    expect([[...first.items, ...rest.items], rest.nextCursor]).toEqual([gifts, null]);
    await ofGifts.returnSent({ id: rest.items[0]?.id ?? '' });
    expect((await money.transactions(ofFan)).items[0]).toMatchObject({ kind: 'giftReturn', balance: 100 });
    const body = { password: fan.password };
    const deleted = await api.ask('POST', '/api/v1/account/delete', { token: fan.accessToken, body });
    expect(deleted.status).toBe(202);
    expect((await money.transactions(ofFan)).items).toHaveLength(5);
    expect((await ofGifts.sentBy(ofFan)).items.map(({ coins, returned }) => [coins, returned])).toEqual([
      ...[
        [100, false],
        [100, false],
      ],
      [100, true],
    ]);
  });

  it.each(['transactions', 'withdrawals', 'gifts/sent', 'gifts/received'])(
    'are shown to nobody else: %s',
    async (list) => {
      const [ann, moderator] = [await api.register(), await api.register()];
      await backend.giveRole(moderator, 'moderator');
      const path = (id: string) => `/admin/users/${id}/${list}`;
      expect(await api.refusal(null, 'GET', path(ann.user.id))).toBe('401 unauthenticated');
      expect(await api.refusal(ann, 'GET', path(ann.user.id))).toBe('403 forbidden');
      expect(await api.refusal(moderator, 'GET', path(ann.user.id))).toBe('403 forbidden');
      expect(await api.refusal(admin, 'GET', path(newId()))).toBe('404 not_found');
      expect(await api.refusal(admin, 'GET', path('none'))).toBe('422 validation_failed');
      expect(await api.refusal(admin, 'GET', `${path(ann.user.id)}?cursor=x`)).toBe('422 validation_failed');
    },
  );
});
