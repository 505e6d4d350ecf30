import { errorBody } from '@maydan/contracts';
import { waitUntil } from '@maydan/infra';
import { refusalOf, type Account, type Answer, type TestApi } from '../testing/TestApi.ts';
import { TestBackend } from '../testing/TestBackend.ts';
import { TestSocket } from '../testing/TestSocket.ts';

let backend: TestBackend;
let people: Account[];
let host: Account;

beforeAll(async () => {
  backend = await TestBackend.start();
  const api = await backend.startApi();
  people = await api.people(4);
  host = people[0]!;
});
afterEach(() => TestSocket.closeAll());
afterAll(() => backend?.close());

const manyMessages = 16;
const far = '1000000';

/** Two api processes with this one limit, which people reach through a proxy. */
async function start(name: string, rate: number): Promise<readonly [TestApi, TestApi]> {
  const all = { CHAT_RATE_PER_USER: far, CHAT_RATE_PER_ADDRESS: far, CHAT_RATE_PER_ROOM: far };
  const environment = { TRUST_PROXY: 'loopback', ...all, [name]: String(rate) };
  return [await backend.startApi(environment), await backend.startApi(environment)];
}
let nth = 0;
/** A message of its own text, by the next of the people. */
function say(to: TestApi, id: string, address: string): Promise<Answer> {
  const tempId = `t${nth++}`;
  return to.ask('POST', `/api/v1/sessions/${id}/chat/messages`, {
    ...{ token: people[1 + (nth % (people.length - 1))]!.accessToken, body: { tempId, text: tempId } },
    headers: { 'x-forwarded-for': address },
  });
}

it.each([
  {
    ...{ what: 'an address, whoever writes from there and in whichever session' },
    ...{ name: 'CHAT_RATE_PER_ADDRESS', atOnce: 2, perSec: 1 },
    ...{ addressOf: () => '2001:db8:7:1::5', sessions: 2 },
    elsewhere: { address: '2001:db8:7:2::5', isAnotherSession: false },
  },
  {
    ...{ what: 'a session, whoever writes and from wherever' },
    ...{ name: 'CHAT_RATE_PER_ROOM', atOnce: 2, perSec: 2 },
    ...{ addressOf: (one: number) => `192.0.2.${one + 1}`, sessions: 1 },
    elsewhere: { address: '192.0.2.1', isAnotherSession: true },
  },
])('messages are limited for $what, over all processes', async (limit) => {
  const { name, atOnce, perSec, addressOf, sessions, elsewhere } = limit;
  const apis = await start(name, perSec);
  const create = () => host.client.sessions.create({ title: 'room' });
  const ids = [(await create()).id, (await create()).id, (await create()).id] as const;
  const begun = Date.now();
  const answers = await Promise.all(
    Array.from({ length: manyMessages }, (_, one) =>
      say(apis[one % 2 === 0 ? 0 : 1], ids[one % 4 < 2 || sessions === 1 ? 0 : 1], addressOf(one)),
    ),
  );
  const passedSec = (Date.now() - begun) / 1_000;
  const refused = answers.filter(({ status }) => status !== 201);
  const written = answers.length - refused.length;
  expect(new Set(refused.map(refusalOf))).toEqual(new Set(['429 rate_limited']));
  expect(Number(refused[0]?.headers.get('retry-after'))).toBeGreaterThan(0);
  expect(written).toBeGreaterThanOrEqual(atOnce);
  expect(written).toBeLessThanOrEqual(atOnce + Math.ceil(passedSec * perSec));
  const another = elsewhere.isAnotherSession ? ids[2] : ids[0];
  expect((await say(apis[0], another, elsewhere.address)).status).toBe(201);
});

it('viewers are shown a fair sample beyond a rate, with the total; the host, moderators and what they write are never left out', async () => {
  const [one, other] = await start('CHAT_VIEWER_RATE', 2);
  // Her own room: who moderates it is above the limits there alone.
  const [quiet, owner, loud, moderator] = [people[0]!, people[1]!, people[2]!, people[3]!];
  const { id } = await owner.client.sessions.create({ title: 'room' });
  await owner.client.moderation.appoint({ id: moderator.user.id });
  const join = async (account: Account | null, where: TestApi): Promise<TestSocket> => {
    const socket = await TestSocket.connect(
      where.url,
      account === null ? {} : { token: account.accessToken },
    );
    await socket.ask('chat:join', { sessionId: id });
    return socket;
  };
  const staff = [await join(owner, other), await join(moderator, one)];
  const viewers = [await join(null, one), await join(loud, other)];
  const write = async (account: Account, where: TestApi, text: string): Promise<void> => {
    const { status } = await where.ask('POST', `/api/v1/sessions/${id}/chat/messages`, {
      ...{ token: account.accessToken, body: { tempId: `t${nth++}`, text } },
      headers: { 'x-forwarded-for': '198.51.100.9' },
    });
    expect(status).toBe(201);
  };
  const begun = performance.now();
  await write(quiet, one, 'quiet');
  // Many more than may be shown in the time that a busy machine takes to write them.
  const texts = Array.from({ length: 100 }, (_, at) => `loud ${at}`);
  await Promise.all(texts.map((text, at) => write(loud, at % 2 === 0 ? one : other, text)));
  await write(owner, one, 'the host');
  const all = ['quiet', ...texts, 'the host'];
  const shownTo = (socket: TestSocket): string[] =>
    socket
      .of('session:events')
      .flatMap(({ events }) => events)
      .flatMap((event) => (event.type === 'message' ? [event.message.text] : []));
  const sum = (socket: TestSocket, what: 'written' | 'shown'): number =>
    socket.of('session:events').reduce((total, batch) => total + batch[what], 0);
  for (const socket of [...staff, ...viewers])
    await waitUntil('all to be told', () => sum(socket, 'written') === all.length, 60_000);
  const passedSec = (performance.now() - begun) / 1_000;
  for (const socket of staff) {
    expect(shownTo(socket).sort()).toEqual(all.toSorted());
    expect(sum(socket, 'shown')).toBe(all.length);
  }
  for (const socket of viewers) {
    const shown = shownTo(socket);
    expect(shown).toEqual(expect.arrayContaining(['quiet', 'the host']));
    expect(sum(socket, 'shown')).toBe(shown.length);
    // Each process has a second's worth at once, and goes on at the rate; what the host writes is beside it.
    expect(shown.length).toBeLessThanOrEqual(1 + 2 * (2 + Math.ceil(2 * passedSec)));
    expect(shown.length).toBeLessThan(all.length);
  }
  expect(shownTo(viewers[0]!)).toEqual(shownTo(viewers[1]!));
});

it('messages over sockets are counted with those over REST, by the address of the connection', async () => {
  const [one, other] = await start('CHAT_RATE_PER_ADDRESS', 1);
  const { id } = await host.client.sessions.create({ title: 'room' });
  const socket = await TestSocket.connect(other.url, { token: people[1]!.accessToken });
  const begun = Date.now();
  const outcomes = await Promise.all(
    Array.from({ length: manyMessages }, async (_, at) => {
      if (at % 2 === 0) return (await say(one, id, '127.0.0.1')).status;
      const answer = await socket.ask('chat:send', { id, tempId: `s${at}`, text: `over ${at}` });
      return errorBody.safeParse(answer).data?.error.code ?? 201;
    }),
  );
  const written = outcomes.filter((outcome) => outcome === 201).length;
  expect(written).toBeGreaterThanOrEqual(2);
  expect(written).toBeLessThanOrEqual(2 + Math.ceil((Date.now() - begun) / 1_000));
  expect(new Set(outcomes)).toEqual(new Set([201, 429, 'rate_limited']));
});
