import { jest } from '@jest/globals';
import { cast, directLines, group, groupLines, populate, waitUntil } from '@maydan/infra';
import { createPrisma, newId, type Database } from '@maydan/prisma';
import { bigTables, connections, insertManyRows, manyRows, readRows } from './testing/manyRows.ts';
import { idOf, type Account, type TestApi } from './testing/TestApi.ts';
import { TestBackend } from './testing/TestBackend.ts';

// Hashing passwords and many rows take long beside other tests.
jest.setTimeout(300_000);

let backend: TestBackend;
let api: TestApi;

beforeAll(async () => {
  backend = await TestBackend.start();
  api = await backend.startApi();
});
afterAll(() => backend?.close());

const password = 'only-of-the-demo';

describe('the people of the demo', () => {
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

describe('lists', () => {
  it('cost as many queries with many rows as with few', async () => {
    const [star, ...fans] = (await api.people(8)) as [Account, ...Account[]];
    const { conversations, messages, people, subscribers, blocks, push, media, auth } = star.client;
    const { id } = await conversations.create({ kind: 'group', name: 'counted' });
    const blocked = await api.people(2);
    const who = idOf(star);
    const grow = async (some: readonly Account[], away: Account): Promise<void> => {
      await conversations.addMembers({ id, userIds: some.map(({ user }) => user.id) });
      const sent = await messages.send({ id, tempId: newId(), text: 'hello' });
      for (const fan of some) {
        await fan.client.account.update({ displayName: `Counted ${fan.user.username}` });
        await Promise.all([
          fan.client.people.follow(who),
          people.follow(idOf(fan)),
          people.addContact(idOf(fan)),
          subscribers.admit({ userId: fan.user.id }),
        ]);
        await fan.client.messages.read({ id, seq: sent.seq });
        await fan.client.conversations.create({
          kind: 'publicChannel',
          name: `Counted ${fan.user.username}`,
        });
        const later = { title: 'counted', scheduledStartAt: new Date(Date.now() + 3_600_000).toISOString() };
        await star.client.reminders.set({ id: (await fan.client.sessions.create(later)).id });
        await media.create({ purpose: 'message', type: 'image/png', byteLength: 9 });
        const { id: signInId } = await backend.database.signIn.create({
          data: { userId: star.user.id, expiresAt: new Date(Date.now() + 3_600_000) },
        });
        const device = { id: newId(), userId: star.user.id, signInId, kind: 'fcm', target: newId() } as const;
        await backend.database.pushDevice.create({ data: device });
      }
      await blocks.create(idOf(away));
    };
    const first = await messages.send({ id, tempId: newId(), text: 'read by all' });
    const lists: Record<string, () => Promise<unknown>> = {
      search: () => people.search({ query: 'Counted' }),
      followers: () => people.followers(who),
      following: () => people.following(who),
      contacts: () => people.contacts({}),
      subscribers: () => subscribers.list({}),
      blocks: () => blocks.list({}),
      members: () => conversations.members({ id }),
      readers: () => messages.readers({ id: first.id }),
      history: () => messages.history({ id }),
      conversations: () => conversations.list({}),
      publicChannels: () => conversations.publicChannels({ search: 'Counted' }),
      signIns: () => auth.listSignIns(),
      devices: () => push.list(),
      files: () => media.list({}),
      notifications: () => star.client.notifications.list({}),
      scheduled: () => star.client.sessions.list({ state: 'scheduled', search: 'counted' }),
      reminders: () => star.client.reminders.list({}),
    };
    const counted = async (): Promise<Record<string, number>> => {
      const counts: Record<string, number> = {};
      for (const [name, ask] of Object.entries(lists)) counts[name] = await backend.countQueries(ask);
      return counts;
    };
    await grow(fans.slice(0, 2), blocked[0]!);
    const few = await counted();
    await grow(fans.slice(2), blocked[1]!);
    expect(await counted()).toEqual(few);
    expect(Math.max(...Object.values(few))).toBeLessThanOrEqual(6);
    expect((await people.search({ query: 'Counted' })).items).toHaveLength(fans.length);
    expect((await auth.listSignIns()).items).toHaveLength(fans.length + 1);
    expect((await star.client.reminders.list({})).items).toHaveLength(fans.length);
  });
});

describe('lists and sweeps', () => {
  /** A database of one connection, which ends with the work: then what it has read is counted. */
  async function withOne<T>(work: (database: Database) => Promise<T>): Promise<T> {
    const database = createPrisma(backend.databaseUrl, { maxConnections: 1 });
    try {
      return await work(database);
    } finally {
      await database.$disconnect();
    }
  }

  /** What is read of each table by connections that begin and end with the work. */
  async function readBy(work: () => Promise<unknown>): Promise<Map<string, number>> {
    return withOne(async (watching) => {
      const others = await connections(watching);
      const ended = async () => (await connections(watching)).every((pid) => others.includes(pid));
      const before = await readRows(watching);
      await work();
      await waitUntil('the end of all connections', ended, 60_000);
      const after = await readRows(watching);
      return new Map([...after].map(([name, reads]) => [name, reads - (before.get(name) ?? 0)]));
    });
  }

  /** How many of those rows are left that were to be removed. */
  async function dueRows(database: Database): Promise<number> {
    const { status, signIn, conversation, sessionBan, accountBan, sessionBanTrace, accountBanTrace } =
      database;
    const where = { expiresAt: { lte: new Date() } };
    const deleted = { deletedAt: { not: null } };
    const left = [
      ...[status.count({ where }), signIn.count({ where }), conversation.count({ where: deleted })],
      ...[sessionBan.count({ where }), accountBan.count({ where })],
      ...[sessionBanTrace.count({ where }), accountBanTrace.count({ where })],
    ];
    return (await Promise.all(left)).reduce((sum, count) => sum + count, 0);
  }

  /** Lists of bans, and what looks them up: ways in, of guests as well, and what makes and lifts them. */
  async function askForBans(to: TestApi, client: Account['client']): Promise<void> {
    const { id } = (await client.sessions.list({ state: 'ended', search: 'bulk_9999' })).items[0]!;
    const ban = (await client.bans.list({ id })).items[0]!;
    await Promise.all([to.client.sessions.get({ id }), to.client.chat.state({ id })]);
    await to.client.channels.get({ username: (await to.client.sessions.get({ id })).host.username });
    const { client: fan, user } = await to.register();
    await Promise.all([fan.sessions.get({ id }), fan.chat.state({ id }), fan.chat.history({ id })]);
    await client.platformModeration.getBan({ id: ban.user.id });
    await client.platformModeration.clearTraces({ id: ban.user.id });
    await client.platformModeration.unban({ id: ban.user.id }).catch(() => undefined);
    await client.bans.clearTraces({ id, userId: ban.user.id });
    await client.bans.remove({ id, userId: ban.user.id });
    const mine = await client.sessions.create({ title: 'of bans' });
    await client.bans.create({ id: mine.id, userId: user.id, addressesForSec: 60 });
    await client.platformModeration.ban({ id: user.id, reason: 'spam', addressesForSec: 60 });
    await client.sessions.end({ id: mine.id });
  }

  /** Each list, and what writes first look up. */
  async function askForAll(to: TestApi): Promise<void> {
    const { accessToken, user } = await to.client.auth.login({ login: cast[0]!.username, password });
    const client = to.clientOf(accessToken);
    const { id } = user;
    const other = { id: (await client.people.getByName({ username: cast[1]!.username })).id };
    await Promise.all([client.people.followers({ id }), client.people.following({ id })]);
    await Promise.all([
      client.people.contacts({}),
      client.subscribers.list({}),
      client.subscribers.admit({ userId: other.id }),
      client.blocks.list({}),
      client.people.list({ limit: 20 }),
    ]);
    await client.people.search({ query: 'demo_sara' });
    await client.people.search({ query: 'nobody@bulk.example' });
    await client.people.follow(other);
    const { items } = await client.conversations.list({});
    await client.conversations.publicChannels({ limit: 20 });
    await client.conversations.publicChannels({ search: 'streaming' });
    for (const conversation of items) {
      const { items: messages } = await client.messages.history({ id: conversation.id });
      await client.messages.history({ id: conversation.id, around: messages[0]!.id });
      await client.conversations.members({ id: conversation.id });
      await client.messages.send({ id: conversation.id, tempId: newId(), text: 'again' });
      await client.messages.read({ id: conversation.id, seq: conversation.lastSeq });
    }
    await client.notifications.list({});
    await client.notifications.list({ only: 'unread' });
    await client.notifications.list({ type: 'follow' });
    await client.notifications.read({ all: true, until: new Date().toISOString() });
    const { sessions } = client;
    const seen = (await sessions.list({ state: 'ended' })).items[0]!;
    await sessions.list({ state: 'ended', sort: 'started' });
    await sessions.list({ state: 'ended', category: 'none' });
    for (const found of [
      { tag: seen.tags[0]! },
      { search: seen.title.slice(2, 12) },
      { search: 'bulk_9999' },
    ])
      expect((await sessions.list({ state: 'ended', ...found })).items).toHaveLength(1);
    expect((await sessions.list({ state: 'ended', host: seen.host.username })).items).toHaveLength(1);
    await Promise.all([sessions.list({}), sessions.list({ sort: 'viewers' })]);
    await Promise.all([sessions.list({ search: 'streaming' }), sessions.list({ state: 'scheduled' })]);
    await client.reminders.list({});
    await askForBans(to, client);
    const mine = (await client.statuses.mine({})).items[0]!;
    const theirs = (await client.statuses.ofUser(other)).items[0]!;
    await client.statuses.feed({});
    await client.statuses.see({ id: theirs.id });
    await client.statuses.viewers({ id: mine.id });
    await client.statuses.create({ tempId: newId(), text: 'again' });
    await Promise.all([client.auth.listSignIns(), client.push.list(), client.personalData.listExports({})]);
  }

  it('read what they show and remove, not whole tables', async () => {
    await api.close();
    const where = { usernameKey: cast[0]!.username };
    await backend.database.user.update({ where, data: { role: 'admin' } });
    await readBy(() => withOne(insertManyRows));
    const swept = await readBy(async () => {
      const sweeping = await backend.startApi();
      await withOne((database) =>
        waitUntil('the hourly work', async () => (await dueRows(database)) === 0, 120_000),
      );
      await sweeping.close();
    });
    const listed = await readBy(async () => {
      const fresh = await backend.startApi();
      await askForAll(fresh);
      await fresh.close();
    });
    const wholly = (reads: Map<string, number>) =>
      bigTables.filter((name) => (reads.get(name) ?? 0) >= manyRows / 2);
    expect([wholly(swept), wholly(listed)]).toEqual([[], []]);
  });
});
