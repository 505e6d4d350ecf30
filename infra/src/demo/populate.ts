import { createHmac } from 'node:crypto';
import { createApiClient, type ApiClient, type Conversation } from '@maydan/contracts';
import { cast, directLines, group, groupLines, type DemoLine, type DemoPerson } from './cast.ts';

interface Player {
  readonly id: string;
  readonly client: ApiClient;
  readonly leave: () => Promise<unknown>;
}
type Players = ReadonlyMap<string, Player>;

/** Of the people of the demo on one installation; nobody guesses it who has not the demo's secrets. */
export function demoPassword(streamKey: string): string {
  return createHmac('sha256', streamKey).update('people of the demo').digest('base64url').slice(0, 20);
}

/**
 * Brings the people of the demo along, by the public REST API: profiles, who follows whom, a group and a direct conversation
 * with messages, statuses of the day. It may be called again: what is there stays as it is. Throws the api's errors.
 */
export async function populate(baseUrl: string, password: string): Promise<void> {
  const entries = await Promise.all(
    cast.map(async (person) => [person.username, await enter(baseUrl, person, password)] as const),
  );
  const players: Players = new Map(entries);
  try {
    await meet(players);
    await talk(players);
    await Promise.all(cast.map((person) => showStatus(player(players, person.username), person)));
  } finally {
    await Promise.all([...players.values()].map(({ leave }) => leave()));
  }
}

async function enter(baseUrl: string, person: DemoPerson, password: string): Promise<Player> {
  const guest = createApiClient({ baseUrl });
  const { username, displayName, bio, language } = person;
  const deviceName = 'npm run demo';
  const email = `${username}@maydan.localhost`;
  // Who is there already signs in; why that failed is said when neither works.
  const { user, accessToken, refreshToken } = await guest.auth
    .register({ username, email, password, displayName, deviceName })
    .catch(() => guest.auth.login({ login: username, password, deviceName }));
  const client = createApiClient({ baseUrl, accessToken: () => accessToken });
  await client.account.update({ bio, language });
  return { id: user.id, client, leave: () => guest.auth.logout({ refreshToken }) };
}

/** Everybody follows everybody; the second one is a contact of the first. */
async function meet(players: Players): Promise<void> {
  for (const { id: ownId, client } of players.values()) {
    for (const { id } of players.values()) if (id !== ownId) await client.people.follow({ id });
  }
  const [first, second] = leads(players);
  await first.client.people.addContact({ id: second.id });
}

async function talk(players: Players): Promise<void> {
  const [first, second] = leads(players);
  await say(players, await groupOf(first, players), groupLines);
  await say(players, await first.client.conversations.direct({ userId: second.id }), directLines);
}

async function groupOf(owner: Player, players: Players): Promise<Conversation> {
  const { items } = await owner.client.conversations.list({ limit: 100 });
  const found = items.find(({ kind, name }) => kind === 'group' && name === group.name);
  if (found !== undefined) return found;
  const memberIds = [...players.values()].map(({ id }) => id).filter((id) => id !== owner.id);
  return owner.client.conversations.create({ kind: 'group', ...group, memberIds });
}

/** One after the other, each once for its `tempId`. */
async function say(players: Players, { id }: Conversation, lines: readonly DemoLine[]): Promise<void> {
  const sent: string[] = [];
  for (const [index, { by, text, answers }] of lines.entries()) {
    const replyTo = answers === undefined ? undefined : sent[answers];
    const tempId = `demo-${index}-${id.slice(-12)}`;
    const message = { id, tempId, text, ...(replyTo === undefined ? {} : { replyTo }) };
    sent.push((await player(players, by).client.messages.send(message)).id);
  }
}

/** One for each day: those of earlier days expire by themselves. */
function showStatus({ client }: Player, { status }: DemoPerson): Promise<unknown> {
  const day = new Date().toISOString().slice(0, 10);
  return client.statuses.create({ ...status, tempId: `demo-${day}`, audience: 'everyone' });
}

function leads(players: Players): [Player, Player] {
  const [first, second] = [...players.values()];
  if (first === undefined || second === undefined) throw new Error('the cast is too small');
  return [first, second];
}

function player(players: Players, username: string): Player {
  const found = players.get(username);
  if (found === undefined) throw new Error(`${username} is not in the cast`);
  return found;
}
