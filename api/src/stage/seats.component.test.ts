import { randomUUID } from 'node:crypto';
import { seat as seatSchema, type SeatState } from '@maydan/contracts';
import { waitUntil } from '@maydan/infra';
import { factsHandled } from '../testing/Life.ts';
import { SfuVoice, type Device } from '../testing/SfuVoice.ts';
import { refusalOf, type Account, type TestApi } from '../testing/TestApi.ts';
import { TestBackend } from '../testing/TestBackend.ts';

let backend: TestBackend;
let api: TestApi;
let sfu: SfuVoice;

beforeAll(async () => {
  backend = await TestBackend.start();
  api = await backend.startApi();
  await backend.startApi();
  sfu = await SfuVoice.start(backend.redis);
});
afterAll(async () => {
  await sfu?.close();
  await backend?.close();
});

interface Show {
  readonly host: Account;
  readonly id: string;
}

async function open(type: 'video' | 'audio' = 'video'): Promise<Show> {
  const host = await api.register();
  const { id } = await host.client.sessions.create({ title: 'show', type });
  await sfu.open(id);
  return { host, id };
}

/** Somebody whose request the host has accepted. */
async function admitted({ host, id }: Show): Promise<Account> {
  const guest = await api.register();
  await guest.client.stage.request({ id });
  await host.client.stage.admit({ id, userId: guest.user.id });
  return guest;
}

const deviceOf = (id: string, { user }: Account, role: 'host' | 'cohost' = 'cohost'): Device => ({
  sessionId: id,
  peerId: randomUUID(),
  userId: user.id,
  role,
});
const mine = async ({ client }: Account, id: string): Promise<SeatState | null> =>
  (await client.stage.get({ id })).mine?.state ?? null;
const reaches = (account: Account, id: string, state: SeatState): Promise<void> =>
  waitUntil(state, async () => (await mine(account, id)) === state, 60_000);
const ask = (method: string, path: string, account: Account, body?: object) =>
  api.ask(method, `/api/v1/sessions/${path}`, {
    token: account.accessToken,
    ...(body === undefined ? {} : { body }),
  });
const removalOf = (peerId: string, reason: string) => (command: { type: string }) =>
  command.type === 'removePeer' &&
  JSON.stringify(command).includes(peerId) &&
  JSON.stringify(command).includes(reason);

describe('a request', () => {
  it('is accepted by the host, once and again, and seen by all', async () => {
    const show = await open();
    const guest = await api.register();
    expect(await mine(guest, show.id)).toBeNull();
    const requested = await guest.client.stage.request({ id: show.id });
    expect(seatSchema.parse(requested)).toMatchObject({ state: 'requested', user: { id: guest.user.id } });
    expect((await guest.client.stage.request({ id: show.id })).changedAt).toBe(requested.changedAt);
    const { items } = await show.host.client.stage.seats({ id: show.id });
    expect(items.map(({ user, state }) => [user.id, state])).toEqual([[guest.user.id, 'requested']]);
    expect((await api.client.stage.get({ id: show.id })).stage.seats).toEqual([]);
    const userId = guest.user.id;
    for (let times = 0; times < 2; times++) {
      expect((await show.host.client.stage.admit({ id: show.id, userId })).state).toBe('accepted');
    }
    const { stage, mine: none } = await api.client.stage.get({ id: show.id });
    expect(none).toBeNull();
    expect(stage).toMatchObject({ limit: 8, type: 'video', people: [] });
    expect(stage.seats.map(({ user, state }) => [user.id, state])).toEqual([[userId, 'accepted']]);
  });

  it('is declined, taken back, and made anew', async () => {
    const { host, id } = await open();
    const guest = await api.register();
    await guest.client.stage.request({ id });
    expect((await host.client.stage.reject({ id, userId: guest.user.id })).state).toBe('declined');
    expect(refusalOf(await ask('POST', `${id}/stage/seats/${guest.user.id}/accept`, host))).toBe(
      '409 conflict',
    );
    await guest.client.stage.request({ id });
    expect((await guest.client.stage.leave({ id })).state).toBe('left');
    expect((await guest.client.stage.leave({ id })).state).toBe('left');
    expect((await guest.client.stage.request({ id })).state).toBe('requested');
  });

  it('is for others than the host, by people who are signed in, of a session that runs', async () => {
    const { host, id } = await open();
    const guest = await api.register();
    expect(refusalOf(await ask('POST', `${id}/stage/seat`, host))).toBe('409 conflict');
    expect(refusalOf(await api.ask('POST', `/api/v1/sessions/${id}/stage/seat`))).toBe('401 unauthenticated');
    expect(refusalOf(await ask('POST', `${randomUUID()}/stage/seat`, guest))).toBe('404 not_found');
    expect(refusalOf(await ask('POST', 'nonsense/stage/seat', guest))).toBe('422 validation_failed');
    await host.client.sessions.end({ id });
    expect(refusalOf(await ask('POST', `${id}/stage/seat`, guest))).toBe('409 wrong_state');
    expect((await guest.client.stage.get({ id })).stage).toMatchObject({ people: [], seats: [] });
  });
});

describe('an invitation', () => {
  it('by name or id is accepted, declined or taken back', async () => {
    const { host, id } = await open();
    const [ann, bob, cat] = [await api.register(), await api.register(), await api.register()];
    const byName = { username: ann.user.username.toUpperCase() };
    expect((await host.client.stage.invite({ id, user: byName })).state).toBe('invited');
    expect((await ann.client.stage.accept({ id })).state).toBe('accepted');
    expect((await ann.client.stage.accept({ id })).state).toBe('accepted');
    await host.client.stage.invite({ id, user: { userId: bob.user.id } });
    expect((await bob.client.stage.decline({ id })).state).toBe('declined');
    expect(refusalOf(await ask('POST', `${id}/stage/seat/accept`, bob))).toBe('409 conflict');
    await host.client.stage.invite({ id, user: { userId: cat.user.id } });
    expect((await host.client.stage.remove({ id, userId: cat.user.id })).state).toBe('removed');
    expect(refusalOf(await ask('POST', `${id}/stage/seat/accept`, cat))).toBe('409 conflict');
  });

  it('meets a request', async () => {
    const { host, id } = await open();
    const [ann, bob] = [await api.register(), await api.register()];
    await ann.client.stage.request({ id });
    expect((await host.client.stage.invite({ id, user: { userId: ann.user.id } })).state).toBe('accepted');
    await host.client.stage.invite({ id, user: { userId: bob.user.id } });
    expect((await bob.client.stage.request({ id })).state).toBe('accepted');
  });

  it('is refused to nobody, to the host, to banned accounts and with nonsense', async () => {
    const { host, id } = await open();
    const invite = async (user: unknown) => refusalOf(await ask('POST', `${id}/stage/seats`, host, { user }));
    expect(await invite({ username: 'nobody_at_all' })).toBe('404 not_found');
    expect(await invite({ userId: randomUUID() })).toBe('404 not_found');
    expect(await invite({ userId: host.user.id })).toBe('409 conflict');
    expect(await invite({ userId: 'x' })).toBe('422 validation_failed');
    expect(await invite({})).toBe('422 validation_failed');
    const bad = await api.register();
    await backend.database.user.update({ where: { id: bad.user.id }, data: { bannedAt: new Date() } });
    expect(await invite({ userId: bad.user.id })).toBe('404 not_found');
  });

  it('is not there for who has none', async () => {
    const { id } = await open();
    const guest = await api.register();
    for (const [method, path] of [
      ['POST', 'seat/accept'],
      ['POST', 'seat/decline'],
      ['DELETE', 'seat'],
    ] as const) {
      expect(refusalOf(await ask(method, `${id}/stage/${path}`, guest))).toBe('404 not_found');
    }
  });
});

describe('the stage', () => {
  it('is steered by its host and by moderators', async () => {
    const show = await open();
    const { id } = show;
    const [guest, stranger] = [await admitted(show), await api.register()];
    const device = deviceOf(id, guest);
    await sfu.joined(device);
    await reaches(guest, id, 'onStage');
    const userId = guest.user.id;
    const steps = [
      ['GET', `${id}/stage/seats`],
      ['POST', `${id}/stage/seats`, { user: { userId } }],
      ['POST', `${id}/stage/seats/${userId}/accept`],
      ['POST', `${id}/stage/seats/${userId}/decline`],
      ['DELETE', `${id}/stage/seats/${userId}`],
      ['POST', `${id}/stage/peers/${device.peerId}/mute`, { muted: true }],
      ['DELETE', `${id}/stage/peers/${device.peerId}`],
      ['GET', `${id}/stage/health`],
    ] as const;
    for (const [method, path, body] of steps) {
      expect([path, refusalOf(await ask(method, path, stranger, body))]).toEqual([path, '403 forbidden']);
      const nowhere = path.replace(id, randomUUID());
      expect([path, refusalOf(await ask(method, nowhere, show.host, body))]).toEqual([path, '404 not_found']);
    }
    await backend.giveRole(stranger, 'moderator');
    expect((await ask('DELETE', `${id}/stage/seats/${userId}`, stranger)).status).toBe(200);
  });

  it.each([
    ['video', 8],
    ['audio', 20],
  ] as const)(
    'of a session of type %s takes %p people, also when all are accepted at once',
    async (type, limit) => {
      const { host, id } = await open(type);
      const guests = await Promise.all(Array.from({ length: limit + 2 }, () => api.register()));
      for (const guest of guests) await guest.client.stage.request({ id });
      const answers = await Promise.all(
        guests.map((guest) => ask('POST', `${id}/stage/seats/${guest.user.id}/accept`, host)),
      );
      expect(answers.filter(({ status }) => status === 200)).toHaveLength(limit - 1);
      const refused = guests.filter((_, index) => answers[index]?.status !== 200);
      expect(new Set(answers.filter(({ status }) => status !== 200).map(refusalOf))).toEqual(
        new Set(['409 conflict']),
      );
      const { stage } = await host.client.stage.get({ id });
      expect([stage.seats.length, stage.limit]).toEqual([limit - 1, limit]);
      const seated = stage.seats[0]?.user.id ?? '';
      await host.client.stage.remove({ id, userId: seated });
      const next = refused[0]?.user.id ?? '';
      expect((await host.client.stage.admit({ id, userId: next })).state).toBe('accepted');
    },
    60_000,
  );

  it('shows who is there, and seats follow', async () => {
    const show = await open();
    const { host, id } = show;
    const guest = await admitted(show);
    const [hosts, cohosts] = [deviceOf(id, host, 'host'), deviceOf(id, guest)];
    await sfu.joined(hosts, new Date(Date.now() - 1_000));
    await sfu.joined(cohosts);
    await reaches(guest, id, 'onStage');
    const { stage } = await api.client.stage.get({ id });
    expect(stage.people).toEqual([
      { peerId: hosts.peerId, role: 'host', user: publicOf(host) },
      { peerId: cohosts.peerId, role: 'cohost', user: publicOf(guest) },
    ]);
    await sfu.left(cohosts, 'lost');
    await reaches(guest, id, 'accepted');
    await sfu.joined(cohosts);
    await reaches(guest, id, 'onStage');
    await sfu.left(cohosts, 'left');
    await reaches(guest, id, 'left');
    expect((await api.client.stage.get({ id })).stage.people).toHaveLength(1);
    expect(
      sfu.commands.heard.filter((command) => 'sessionId' in command && command.sessionId === id),
    ).toEqual([]);
  });

  it('holds facts that come twice, late, and of a second device apart', async () => {
    const show = await open();
    const { id } = show;
    const guest = await admitted(show);
    const [phone, laptop] = [deviceOf(id, guest), deviceOf(id, guest)];
    const start = Date.now();
    const at = (offsetMs: number) => new Date(start + offsetMs);
    await sfu.left(phone, 'lost', at(20));
    await sfu.joined(phone, at(10));
    await sfu.joined(phone, at(10));
    await factsHandled(backend.redis);
    expect(await mine(guest, id)).toBe('accepted');
    await sfu.joined(phone, at(30));
    await sfu.joined(laptop, at(40));
    await sfu.left(phone, 'left', at(50));
    await factsHandled(backend.redis);
    expect(await mine(guest, id)).toBe('onStage');
    await sfu.left(laptop, 'left', at(60));
    await reaches(guest, id, 'left');
    await guest.client.stage.request({ id });
    await sfu.left(laptop, 'left', at(60));
    await sfu.left(phone, 'removed', at(70));
    await factsHandled(backend.redis);
    expect(await mine(guest, id)).toBe('requested');
  });

  it('goes on for who came back at another node when the one before is given up', async () => {
    const show = await open();
    const { host, id } = show;
    const guest = await admitted(show);
    const before = await SfuVoice.start(backend.redis);
    try {
      const devices = [deviceOf(id, host, 'host'), deviceOf(id, guest)];
      for (const device of devices) {
        await before.joined(device, new Date(Date.now() - 2_000));
        await sfu.joined(device, new Date(Date.now() - 1_000));
      }
      await reaches(guest, id, 'onStage');
      for (const device of devices) await before.left(device, 'roomLost');
      await factsHandled(backend.redis);
      expect(await mine(guest, id)).toBe('onStage');
      expect((await api.client.stage.get({ id })).stage.people).toHaveLength(2);
      const ofOthers = deviceOf(id, await api.register());
      await sfu.joined(ofOthers);
      await sfu.commands.until(removalOf(ofOthers.peerId, 'removed'));
      for (const { peerId } of devices) expect(sfu.commands.heard.some(removalOf(peerId, ''))).toBe(false);
    } finally {
      await before.close();
    }
  });

  it('puts out who has no seat, and who says to be the host', async () => {
    const { id } = await open();
    const stranger = await api.register();
    for (const role of ['cohost', 'host'] as const) {
      const device = deviceOf(id, stranger, role);
      await sfu.joined(device);
      await sfu.commands.until(removalOf(device.peerId, 'removed'));
    }
  });

  it('is left at once by who is removed or leaves, and not by their other devices', async () => {
    const show = await open();
    const { host, id } = show;
    for (const how of ['removed', 'left'] as const) {
      const guest = await admitted(show);
      const device = deviceOf(id, guest);
      await sfu.joined(device);
      await reaches(guest, id, 'onStage');
      if (how === 'removed') await host.client.stage.remove({ id, userId: guest.user.id });
      else await guest.client.stage.leave({ id });
      const whom = how === 'left' ? { peerId: device.peerId } : { userId: guest.user.id, role: 'cohost' };
      const command = { type: 'removePeer', sessionId: id, whom, reason: how };
      await sfu.commands.until((heard) => JSON.stringify(heard) === JSON.stringify(command));
      const about = sfu.commands.heard.filter((heard) => JSON.stringify(heard).includes(guest.user.id));
      expect(about).toHaveLength(how === 'left' ? 0 : 1);
      await sfu.left(device, how);
      await factsHandled(backend.redis);
      expect(await mine(guest, id)).toBe(how);
    }
  });

  it('has devices muted and put out by the host', async () => {
    const show = await open();
    const { host, id } = show;
    const guest = await admitted(show);
    const device = deviceOf(id, guest);
    const { peerId } = device;
    const missing = await ask('POST', `${id}/stage/peers/${peerId}/mute`, host, { muted: true });
    expect(refusalOf(missing)).toBe('404 not_found');
    expect(refusalOf(await ask('DELETE', `${id}/stage/peers/${peerId}`, host))).toBe('404 not_found');
    await sfu.joined(device);
    await reaches(guest, id, 'onStage');
    const wrong = await ask('POST', `${id}/stage/peers/${peerId}/mute`, host, { muted: true, source: 'x' });
    expect(refusalOf(wrong)).toBe('422 validation_failed');
    await host.client.stage.mute({ id, peerId, source: 'microphone', muted: true });
    await host.client.stage.mute({ id, peerId, muted: false });
    await host.client.stage.removePeer({ id, peerId });
    await sfu.commands.until(removalOf(peerId, 'removed'));
    expect(
      sfu.commands.heard.filter((command) => 'sessionId' in command && command.sessionId === id),
    ).toEqual([
      { type: 'mutePeer', sessionId: id, whom: { peerId }, source: 'microphone', muted: true },
      { type: 'mutePeer', sessionId: id, whom: { peerId }, source: null, muted: false },
      { type: 'removePeer', sessionId: id, whom: { peerId }, reason: 'removed' },
    ]);
  });

  it('bounds how much one person asks', async () => {
    const strict = await backend.startApi({ STAGE_RATE_PER_USER: '3' });
    const { id } = await open();
    const guest = await strict.register();
    const path = `/api/v1/sessions/${id}/stage/seat`;
    const answers = await Promise.all(
      Array.from({ length: 6 }, () => strict.ask('POST', path, { token: guest.accessToken })),
    );
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(3);
  });
});

function publicOf({ user: { id, username, displayName } }: Account) {
  return { id, username, displayName };
}
