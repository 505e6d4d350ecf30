import { jest } from '@jest/globals';
import { cast, directLines, group, groupLines, populate } from '@maydan/infra';
import type { TestApi } from './testing/TestApi.ts';
import { TestBackend } from './testing/TestBackend.ts';

// Hashing passwords takes long beside other tests.
jest.setTimeout(120_000);

let backend: TestBackend;
let api: TestApi;

beforeAll(async () => {
  backend = await TestBackend.start();
  api = await backend.startApi();
}, 120_000);
afterAll(() => backend?.close(), 60_000);

describe('the people of the demo', () => {
  const password = 'only-of-the-demo';

  it('follow, write and show statuses, once, however often they are brought along', async () => {
    for (let time = 0; time < 2; time++) await populate(api.url, password);
    const [owner] = cast;
    const { accessToken, user } = await api.client.auth.login({ login: owner!.username, password });
    const client = api.clientOf(accessToken);
    expect(user).toMatchObject({ displayName: owner!.displayName, bio: owner!.bio, language: 'ar' });
    const profile = await client.people.getByName({ username: owner!.username });
    expect(profile).toMatchObject({ followers: cast.length - 1, following: cast.length - 1 });
    const { items: conversations } = await client.conversations.list({});
    expect(conversations.map(({ kind, name }) => [kind, name]).sort()).toEqual([
      ['direct', null],
      ['group', group.name],
    ]);
    const texts = async (kind: string) => {
      const { id } = conversations.find((one) => one.kind === kind)!;
      return (await client.messages.history({ id })).items.map(({ text }) => text).reverse();
    };
    expect(await texts('group')).toEqual(groupLines.map(({ text }) => text));
    expect(await texts('direct')).toEqual(directLines.map(({ text }) => text));
    const { items: feed } = await client.statuses.feed({});
    expect(feed.map(({ latest }) => latest.text).sort()).toEqual(
      cast
        .slice(1)
        .map(({ status }) => status.text)
        .sort(),
    );
    // They sign out when they are done.
    expect((await client.auth.listSignIns()).items).toHaveLength(1);
  });

  it('are told apart from somebody who has one of their names', async () => {
    await expect(populate(api.url, 'another-password')).rejects.toMatchObject({
      code: 'invalid_credentials',
    });
  });
});
