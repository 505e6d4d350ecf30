import { randomUUID } from 'node:crypto';
import { userPage } from '@maydan/contracts';
import { idOf, refusalOf, type Account, type TestApi } from '../testing/TestApi.ts';
import { TestBackend } from '../testing/TestBackend.ts';

let backend: TestBackend;
let api: TestApi;

beforeAll(async () => {
  backend = await TestBackend.start();
  api = await backend.startApi({ PEOPLE_RATE_PER_USER: '1000' });
});
afterAll(() => backend?.close());

const ask = (method: string, path: string, account?: Account) =>
  api.ask(method, `/api/v1${path}`, account === undefined ? {} : { token: account.accessToken });
/** What is stored and what the rows say, followers first. */
async function counts({ user: { id } }: Account): Promise<number[][]> {
  const { follow, followCount } = backend.database;
  const stored = await followCount.findUnique({ where: { userId: id } });
  const rows = [
    await follow.count({ where: { followeeId: id } }),
    await follow.count({ where: { followerId: id } }),
  ];
  return [[stored?.followers ?? 0, stored?.following ?? 0], rows];
}
const same = (followers: number, following: number): number[][] => [
  [followers, following],
  [followers, following],
];

describe('following', () => {
  it('begins once and ends once, however often it is asked for', async () => {
    const [ann, bob] = (await api.people(2)) as [Account, Account];
    const none = { following: false, followedBy: false, contact: false, subscribed: false, blocking: false };
    expect(await ann.client.people.follow(idOf(bob))).toEqual({ ...none, following: true });
    expect(await bob.client.people.follow(idOf(ann))).toEqual({ ...none, following: true, followedBy: true });
    await Promise.all(Array.from({ length: 6 }, () => ann.client.people.follow(idOf(bob))));
    expect(await counts(bob)).toEqual(same(1, 1));
    await Promise.all(Array.from({ length: 6 }, () => ann.client.people.unfollow(idOf(bob))));
    expect(await ann.client.people.unfollow(idOf(bob))).toEqual({ ...none, followedBy: true });
    expect(await counts(bob)).toEqual(same(0, 1));
  });

  it.each(['follow', 'contact'])(
    'is refused to oneself, of nobody, and without a sign-in (%s)',
    async (what) => {
      const [ann, banned] = (await api.people(2)) as [Account, Account];
      await backend.database.user.update({ where: idOf(banned), data: { bannedAt: new Date() } });
      for (const method of ['POST', 'DELETE']) {
        expect(refusalOf(await ask(method, `/users/${ann.user.id}/${what}`))).toBe('401 unauthenticated');
        expect(refusalOf(await ask(method, `/users/nonsense/${what}`, ann))).toBe('422 validation_failed');
      }
      expect(refusalOf(await ask('POST', `/users/${randomUUID()}/${what}`, ann))).toBe('404 not_found');
      expect(refusalOf(await ask('POST', `/users/${banned.user.id}/${what}`, ann))).toBe('404 not_found');
      expect(refusalOf(await ask('POST', `/users/${ann.user.id}/${what}`, ann))).toBe('409 conflict');
    },
  );

  it('has a limit', async () => {
    const [ann, bob] = (await api.people(2)) as [Account, Account];
    await backend.database.followCount.create({ data: { userId: ann.user.id, following: 10_000 } });
    expect(refusalOf(await ask('POST', `/users/${bob.user.id}/follow`, ann))).toBe('409 conflict');
  });

  it('is counted right while people follow, unfollow and block each other at once', async () => {
    const all = await api.people(6);
    const work: Promise<unknown>[] = [];
    for (const one of all) {
      for (const other of all.filter((account) => account !== one)) {
        work.push(one.client.people.follow(idOf(other)), one.client.people.follow(idOf(other)));
        if (work.length % 3 === 0) work.push(other.client.people.unfollow(idOf(one)));
      }
    }
    const [ann, bob] = all as [Account, Account];
    work.push(ann.client.blocks.create(idOf(bob)));
    const failures = (await Promise.allSettled(work)).flatMap((result) =>
      result.status === 'rejected' ? [String((result.reason as { code?: unknown }).code)] : [],
    );
    expect(new Set(failures).size).toBeLessThanOrEqual(1);
    expect(failures.every((code) => code === 'not_found')).toBe(true);
    for (const account of all) {
      const [stored, rows] = await counts(account);
      expect(stored).toEqual(rows);
    }
    const ids = [ann.user.id, bob.user.id];
    const between = { followerId: { in: ids }, followeeId: { in: ids } };
    expect(await backend.database.follow.count({ where: between })).toBe(0);
    expect(refusalOf(await ask('POST', `/users/${ann.user.id}/follow`, bob))).toBe('404 not_found');
    expect(refusalOf(await ask('POST', `/users/${bob.user.id}/contact`, ann))).toBe('404 not_found');
  });

  it('goes with a user who is deleted', async () => {
    const [ann, bob, cat] = (await api.people(3)) as [Account, Account, Account];
    await ann.client.people.follow(idOf(bob));
    await bob.client.people.follow(idOf(ann));
    await bob.client.people.follow(idOf(cat));
    await cat.client.people.follow(idOf(ann));
    await backend.database.user.delete({ where: idOf(ann) });
    expect([await counts(bob), await counts(cat)]).toEqual([same(0, 1), same(1, 0)]);
    expect(await backend.database.followCount.count({ where: { userId: ann.user.id } })).toBe(0);
  });
});

describe('lists of followers', () => {
  it('come in pages that new followers don’t shift', async () => {
    const [star, ...fans] = (await api.people(8)) as [Account, ...Account[]];
    for (const fan of fans.slice(0, 5)) await fan.client.people.follow(idOf(star));
    const id = star.user.id;
    const first = userPage.parse(await api.client.people.followers({ id, limit: 2 }));
    await fans[5]!.client.people.follow({ id });
    await fans[4]!.client.people.unfollow({ id });
    const second = await api.client.people.followers({ id, limit: 2, cursor: first.nextCursor! });
    await fans[6]!.client.people.follow({ id });
    const third = await api.client.people.followers({ id, limit: 2, cursor: second.nextCursor! });
    const seen = [first, second, third].map(({ items }) => items.map(({ user }) => user.id));
    const ids = fans.map(({ user }) => user.id);
    expect(seen).toEqual([[ids[4], ids[3]], [ids[2], ids[1]], [ids[0]]]);
    expect(third.nextCursor).toBeNull();
    const { items } = await fans[0]!.client.people.following({ id: ids[0]! });
    expect(items.map(({ user }) => user)).toEqual([
      { id, username: star.user.username, displayName: star.user.displayName },
    ]);
  });

  it('of the same moment are told apart', async () => {
    const [star, ...fans] = (await api.people(5)) as [Account, ...Account[]];
    const createdAt = new Date();
    const followeeId = star.user.id;
    const data = fans.map(({ user }) => ({ followerId: user.id, followeeId, createdAt }));
    await backend.database.follow.createMany({ data });
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await api.client.people.followers({ id: followeeId, limit: 1, cursor });
      seen.push(...page.items.map(({ user }) => user.id));
      cursor = page.nextCursor ?? undefined;
    } while (cursor !== undefined);
    expect(seen).toEqual(
      fans
        .map(({ user }) => user.id)
        .sort()
        .reverse(),
    );
  });

  it('leave out whom a block hides, and are not there for who is hidden', async () => {
    const [star, fan, other] = (await api.people(3)) as [Account, Account, Account];
    const id = star.user.id;
    await fan.client.people.follow({ id });
    await other.client.people.follow({ id });
    await other.client.blocks.create(idOf(fan));
    const names = async (account?: Account) =>
      (await (account ?? api).client.people.followers({ id })).items.map(({ user }) => user.id);
    expect(await names()).toHaveLength(2);
    expect(await names(fan)).toEqual([fan.user.id]);
    expect(await names(other)).toEqual([other.user.id]);
    const ban = (bannedAt: Date | null) =>
      backend.database.user.update({ where: idOf(other), data: { bannedAt } });
    await ban(new Date());
    expect(await names()).toEqual([fan.user.id]);
    await ban(null);
    await star.client.blocks.create(idOf(fan));
    for (const list of ['followers', 'following']) {
      expect(refusalOf(await ask('GET', `/users/${id}/${list}`, fan))).toBe('404 not_found');
      expect(refusalOf(await ask('GET', `/users/${randomUUID()}/${list}`))).toBe('404 not_found');
      expect(refusalOf(await ask('GET', `/users/${id}/${list}?cursor=x`))).toBe('422 validation_failed');
    }
  });
});

describe('contacts', () => {
  it('are added once, listed to their owner alone, and removed', async () => {
    const [ann, bob, cat] = (await api.people(3)) as [Account, Account, Account];
    await Promise.all(Array.from({ length: 4 }, () => ann.client.people.addContact(idOf(bob))));
    expect(await ann.client.people.addContact(idOf(cat))).toMatchObject({ contact: true, following: false });
    const first = userPage.parse(await ann.client.people.contacts({ limit: 1 }));
    const second = await ann.client.people.contacts({ limit: 1, cursor: first.nextCursor! });
    expect([first, second].map(({ items }) => items[0]?.user.id)).toEqual([cat.user.id, bob.user.id]);
    expect(second.nextCursor).toBeNull();
    expect((await bob.client.people.contacts({})).items).toEqual([]);
    for (let times = 0; times < 2; times++) {
      expect(await ann.client.people.removeContact(idOf(bob))).toMatchObject({ contact: false });
    }
    expect((await ann.client.people.contacts({})).items).toHaveLength(1);
    expect(refusalOf(await ask('GET', '/me/contacts'))).toBe('401 unauthenticated');
  });
});

describe('a profile', () => {
  it('is found by id and by name without case, and shows what is public', async () => {
    const [ann, bob] = (await api.people(2)) as [Account, Account];
    const bio = 'عن نفسي';
    await ann.client.account.update({ bio });
    await bob.client.people.follow(idOf(ann));
    const seen = await bob.client.people.get(idOf(ann));
    const { id, username, displayName, createdAt } = ann.user;
    const relation = {
      following: true,
      followedBy: false,
      contact: false,
      subscribed: false,
      blocking: false,
    };
    const pictures = { avatar: null, cover: null };
    const counts = { followers: 1, following: 0 };
    expect(seen).toEqual({ id, username, displayName, bio, createdAt, ...pictures, ...counts, relation });
    expect(await bob.client.people.getByName({ username: username.toUpperCase() })).toEqual(seen);
    expect((await ann.client.people.get({ id })).relation).toBeNull();
    expect((await api.client.people.get({ id })).relation).toBeNull();
  });

  it('is not there for nobody, the banned, and those whom a block hides', async () => {
    const [ann, bob, banned] = (await api.people(3)) as [Account, Account, Account];
    await backend.database.user.update({ where: idOf(banned), data: { bannedAt: new Date() } });
    const paths = ({ user }: Account) => [`/users/${user.id}`, `/users/by-name/${user.username}`];
    await bob.client.blocks.create(idOf(ann));
    for (const [viewer, path] of [
      ...[...paths(banned), `/users/${randomUUID()}`, '/users/by-name/nobody_at_all'].map(
        (p) => [ann, p] as const,
      ),
      ...paths(bob).map((path) => [ann, path] as const),
      ...paths(ann).map((path) => [bob, path] as const),
    ]) {
      expect([path, refusalOf(await ask('GET', path, viewer))]).toEqual([path, '404 not_found']);
    }
    expect(refusalOf(await ask('GET', '/users/nonsense'))).toBe('422 validation_failed');
    expect(refusalOf(await ask('GET', `/users/by-name/${'x'.repeat(31)}`))).toBe('422 validation_failed');
    await backend.giveRole(ann, 'admin');
    expect((await ask('GET', `/users/${bob.user.id}`, ann)).status).toBe(200);
  });
});
