import { randomUUID } from 'node:crypto';
import { chatState, subscriberPage } from '@maydan/contracts';
import { waitUntil } from '@maydan/infra';
import { idOf, refusalOf, type Account, type TestApi } from '../testing/TestApi.ts';
import { TestBackend } from '../testing/TestBackend.ts';
import { TestSocket } from '../testing/TestSocket.ts';

let backend: TestBackend;
let api: TestApi;
let second: TestApi;

beforeAll(async () => {
  backend = await TestBackend.start();
  const environment = {
    ...{ PEOPLE_RATE_PER_USER: '1000', STAGE_RATE_PER_USER: '1000' },
    ...{ CHAT_RATE_PER_USER: '1000', CHAT_RATE_PER_ADDRESS: '1000' },
  };
  [api, second] = await Promise.all([backend.startApi(environment), backend.startApi(environment)]);
});
afterEach(() => TestSocket.closeAll());
afterAll(() => backend?.close());

const pathOf = ({ user }: Account): string => `/me/subscribers/${user.id}`;
const subscriberOf = ({ user }: Account) => ({ userId: user.id });
const inMs = (ms: number): string => new Date(Date.now() + ms).toISOString();

describe('subscribers', () => {
  it('are admitted once, changed, listed to their host alone, shown to themselves, and removed', async () => {
    const [host, ann, bob] = (await api.people(3)) as [Account, Account, Account];
    const { subscribers } = host.client;
    const admitted = await subscribers.admit(subscriberOf(ann));
    expect(admitted).toMatchObject({ user: { id: ann.user.id }, until: null });
    const ends = [1, 2, 3, 4].map((hours) => inMs(hours * 3_600_000));
    const answers = await Promise.all(
      ends.map((until, nth) =>
        (nth % 2 === 0 ? api : second)
          .clientOf(host.accessToken)
          .subscribers.admit({ ...subscriberOf(bob), until }),
      ),
    );
    expect(answers.map(({ until }) => until).sort()).toEqual(ends);
    expect(new Set(answers.map(({ since }) => since)).size).toBe(1);
    const first = subscriberPage.parse(await subscribers.list({ limit: 1 }));
    const rest = await subscribers.list({ limit: 1, cursor: first.nextCursor! });
    expect([first, rest].map(({ items }) => items[0]?.user.id)).toEqual([bob.user.id, ann.user.id]);
    expect(ends).toContain(first.items[0]?.until);
    expect(rest).toEqual({ items: [admitted], nextCursor: null });
    expect((await ann.client.subscribers.list({})).items).toEqual([]);
    expect((await ann.client.people.get(idOf(host))).relation).toMatchObject({ subscribed: true });
    expect((await host.client.people.get(idOf(ann))).relation).toMatchObject({ subscribed: false });
    await subscribers.remove(subscriberOf(ann));
    expect(await api.refusal(host, 'DELETE', pathOf(ann))).toBe('404 not_found');
    expect((await ann.client.people.get(idOf(host))).relation).toMatchObject({ subscribed: false });
    expect((await subscribers.list({})).items).toHaveLength(1);
  });

  it('are nobody, oneself, closed accounts, or what has ended before it began; a block keeps out and ends it', async () => {
    const [host, ann, closed] = (await api.people(3)) as [Account, Account, Account];
    await backend.database.user.update({ where: idOf(closed), data: { bannedAt: new Date() } });
    const refusal = (path: string, body: object = {}) => api.refusal(host, 'PUT', path, body);
    expect(await api.refusal(null, 'GET', '/me/subscribers')).toBe('401 unauthenticated');
    for (const method of ['PUT', 'DELETE'])
      expect(await api.refusal(null, method, pathOf(ann), method === 'PUT' ? {} : undefined)).toBe(
        '401 unauthenticated',
      );
    for (const until of [inMs(-1_000), 'soon', 7])
      expect(await refusal(pathOf(ann), { until })).toBe('422 validation_failed');
    expect(await refusal('/me/subscribers/nonsense')).toBe('422 validation_failed');
    const badCursor = '/me/subscribers?cursor=x';
    expect(await api.refusal(host, 'GET', badCursor)).toBe('422 validation_failed');
    expect(await refusal(`/me/subscribers/${randomUUID()}`)).toBe('404 not_found');
    expect(await refusal(pathOf(closed))).toBe('404 not_found');
    expect(await refusal(pathOf(host))).toBe('409 conflict');
    for (const [blocker, other] of [
      [host, ann],
      [ann, host],
    ] as const) {
      await host.client.subscribers.admit(subscriberOf(ann));
      await blocker.client.blocks.create(idOf(other));
      expect((await host.client.subscribers.list({})).items).toEqual([]);
      expect(await refusal(pathOf(ann))).toBe('404 not_found');
      await blocker.client.blocks.remove(idOf(other));
    }
    expect((await host.client.subscribers.list({})).items).toEqual([]);
  });
});

describe('a chat for subscribers only', () => {
  it('takes messages of those who are it now, of hosts, moderators and staff; all are told of the rule', async () => {
    const [host, ann, bob, helper, staff] = (await api.people(5)) as [
      ...[Account, Account, Account, Account, Account],
    ];
    await backend.giveRole(staff, 'moderator');
    await host.client.moderation.appoint(idOf(helper));
    const { id } = await host.client.sessions.create({ title: 'among us' });
    const said = async (account: Account | null, where: TestApi): Promise<string> => {
      const token = account === null ? {} : { token: account.accessToken };
      const body = { tempId: randomUUID(), text: randomUUID() };
      const answer = await where.ask('POST', `/api/v1/sessions/${id}/chat/messages`, { ...token, body });
      return answer.status === 201 ? 'sent' : refusalOf(answer);
    };
    const watcher = await TestSocket.connect(second.url, { token: ann.accessToken });
    const joined = chatState.parse(await watcher.ask('chat:join', { sessionId: id }));
    expect(joined.settings.subscribersOnly).toBe(false);
    const wrong = await api.refusal(host, 'PATCH', `/sessions/${id}/chat/rules`, { subscribersOnly: 'yes' });
    expect(wrong).toBe('422 validation_failed');
    const steering = await TestSocket.connect(api.url, { token: host.accessToken });
    expect(await watcher.codeOf('chat:setRules', { id, subscribersOnly: true })).toBe('forbidden');
    expect(await steering.ask('chat:setRules', { id, subscribersOnly: true })).toMatchObject({
      subscribersOnly: true,
    });
    const told = () => watcher.of('session:events').flatMap(({ events }) => events);
    const isOn = () => told().some((event) => event.type === 'settings' && event.settings.subscribersOnly);
    await waitUntil('the rule', isOn, 60_000);
    for (const above of [host, helper, staff]) expect(await said(above, second)).toBe('sent');
    await ann.client.people.follow(idOf(host));
    expect(await said(ann, api)).toBe('403 chat_subscribers_only');
    expect(await said(null, api)).toBe('401 unauthenticated');
    const written = { id, tempId: 'refused', text: 'over the socket' };
    expect(await watcher.codeOf('chat:send', written)).toBe('chat_subscribers_only');

    await host.client.subscribers.admit(subscriberOf(ann));
    expect(await watcher.ask('chat:send', written)).toMatchObject({ message: { role: 'viewer' } });
    expect([await said(ann, second), await said(bob, second)]).toEqual(['sent', '403 chat_subscribers_only']);
    await host.client.subscribers.admit({ ...subscriberOf(ann), until: inMs(3_600_000) });
    expect(await said(ann, second)).toBe('sent');
    // The hour passes.
    await backend.database.subscriber.updateMany({
      where: { hostId: host.user.id, userId: ann.user.id },
      data: { until: new Date() },
    });
    const isRefused = async () => (await said(ann, second)) === '403 chat_subscribers_only';
    await waitUntil('its end', isRefused, 60_000);
    expect((await ann.client.people.get(idOf(host))).relation).toMatchObject({ subscribed: false });
    await host.client.subscribers.admit({ ...subscriberOf(ann), until: inMs(3_600_000) });
    expect(await said(ann, second)).toBe('sent');
    await second.clientOf(host.accessToken).subscribers.remove(subscriberOf(ann));
    expect(await said(ann, api)).toBe('403 chat_subscribers_only');
    await host.client.chat.setRules({ id, subscribersOnly: false });
    expect(await said(bob, api)).toBe('sent');
  });
});
