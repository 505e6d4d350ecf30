import { waitUntil } from '@maydan/infra';
import { createPrisma, namesOf, newId, type Database, type DatabaseTransaction } from '@maydan/prisma';
import { TestBackend } from '../testing/TestBackend.ts';
import { ConversationsRepo } from './conversations.repo.ts';
import { MessagesRepo } from './messages.repo.ts';
import type { NewMessage } from './storing.repo.ts';

/** A process of the api, as far as messages are stored by it. */
interface Node {
  readonly database: Database;
  readonly repo: MessagesRepo;
  /** Statements that it sent. */
  count: number;
}

let backend: TestBackend;
let nodes: [Node, Node];
let people: string[];
/** A group of all. */
let group: string;
/** Of the first two. */
let direct: string;

beforeAll(async () => {
  backend = await TestBackend.start();
  nodes = [startNode('first'), startNode('second')];
});
beforeEach(async () => {
  people = await Promise.all([1, 2, 3, 4].map(newUser));
  const conversations = new ConversationsRepo(backend.database);
  const [first = '', second = '', ...others] = people;
  const data = { kind: 'group' as const, name: 'all', nameKey: null, description: '' };
  group = await conversations.create(first, [second, ...others], data);
  direct = await directOf(first, second);
});
afterAll(async () => {
  await Promise.all((nodes ?? []).map(({ database }) => database.$disconnect()));
  await backend?.close();
});

function startNode(name: string): Node {
  const onQuery = (): void => void (node.count += 1);
  const url = new URL(backend.databaseUrl);
  url.searchParams.set('application_name', name);
  const database = createPrisma(url.href, { maxConnections: 3, onQuery });
  const node: Node = { database, repo: new MessagesRepo(database), count: 0 };
  return node;
}

async function newUser(): Promise<string> {
  const username = `u${newId().replaceAll('-', '').slice(-20)}`;
  const data = { ...namesOf(username, username), email: `${username}@example.org`, passwordHash: '-' };
  return (await backend.database.user.create({ data })).id;
}

async function directOf(one: string, other: string): Promise<string> {
  const outcome = await new ConversationsRepo(backend.database).direct(one, other);
  if ('refusal' in outcome) throw new Error(outcome.refusal);
  return outcome.id;
}

function of(
  conversationId: string,
  senderId: string | undefined,
  more: Partial<NewMessage> = {},
): NewMessage {
  const common = { kind: 'text', text: 'text', replyTo: null, forwarded: false } as const;
  return { ...common, conversationId, senderId: senderId ?? '', tempId: newId(), ...more };
}

/** Numbers of a conversation's messages, and what its row says is the last one. */
async function numbersOf(conversationId: string): Promise<{ seqs: number[]; lastSeq: number }> {
  const where = { conversationId };
  const stored = await backend.database.message.findMany({ where, orderBy: { seq: 'asc' } });
  const { lastSeq } = await backend.database.conversation.findUniqueOrThrow({
    where: { id: conversationId },
  });
  return { seqs: stored.map(({ seq }) => seq), lastSeq };
}
const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);

describe('messages that come at the same time', () => {
  it('are stored by few statements, numbered without gaps, each as if it came alone', async () => {
    const [node] = nodes;
    const before = node.count;
    const directs = await Promise.all(people.slice(1).map((other) => directOf(people[0]!, other)));
    const wishes = upTo(20).flatMap((number) => [
      of(group, people[number % 4], { text: `group ${number}` }),
      ...directs.map((id) => of(id, people[0], { text: `direct ${number}` })),
    ]);
    const stored = await Promise.all(wishes.map((wish) => node.repo.insert(wish)));
    expect(node.count - before).toBeLessThan(wishes.length / 4);
    for (const [index, outcome] of stored.entries()) {
      const { conversationId, senderId, tempId, text } = wishes[index]!;
      expect(outcome).toMatchObject({ conversationId, senderId, tempId, text, replyId: null, revision: 0 });
      expect(await node.repo.findSeen(senderId, (outcome as { messageId: string }).messageId)).toMatchObject({
        ...{ conversationId, senderId, tempId, text },
      });
    }
    for (const id of [group, ...directs]) {
      expect(await numbersOf(id)).toEqual({ seqs: upTo(20), lastSeq: 20 });
    }
    const told = stored.find((one) => one !== null && one !== 'duplicate' && one.conversationId === group);
    expect(told).toMatchObject({ conversationKind: 'group' });
    expect(new Set((told as { memberIds: readonly string[] }).memberIds)).toEqual(new Set(people));
  });

  it('have their senders read up to them, and the others of direct conversations told once', async () => {
    const [{ repo }] = nodes;
    await Promise.all(upTo(9).map(() => repo.insert(of(direct, people[0]))));
    await Promise.all(upTo(3).map(() => repo.insert(of(group, people[1]))));
    const members = await backend.database.member.findMany({ where: { conversationId: direct } });
    const readBy = new Map(members.map(({ userId, lastReadSeq }) => [userId, lastReadSeq]));
    expect([readBy.get(people[0]!), readBy.get(people[1]!)]).toEqual([9, 0]);
    const causes = await backend.database.notificationCause.findMany({ where: { userId: { in: people } } });
    expect(causes).toMatchObject([
      {
        key: `message:${direct}:${people[1]}:0`,
        groupKey: `message:${direct}`,
        ...{ type: 'message', userId: people[1], actorId: people[0], attempts: 0 },
        data: { conversationId: direct },
      },
    ]);
    const [cause] = causes;
    expect(cause!.dueAt!.getTime() - cause!.createdAt.getTime()).toBe(3_000);
  });

  it('are each refused for their own reason alone', async () => {
    const [{ repo }] = nodes;
    const stranger = await newUser();
    const blocked = await directOf(people[2]!, people[3]!);
    await backend.database.block.create({ data: { blockerId: people[3]!, blockedId: people[2]! } });
    const elsewhere = await repo.insert(of(group, people[0]));
    const answered = await repo.insert(of(direct, people[0], { text: 'answered' }));
    const [replyTo, foreign] = [answered, elsewhere].map((one) => (one as { messageId: string }).messageId);
    const outcomes = await Promise.all(
      [
        of(direct, people[0]),
        of(direct, stranger),
        of(blocked, people[2]),
        of(newId(), people[0]),
        of(direct, people[1], { replyTo: foreign! }),
        of(direct, people[1], { replyTo: replyTo! }),
        of(direct, people[1], { text: 'no\u0000text' }),
        of(direct, people[1], { text: '{"a","b\\"},NULL' }),
      ].map((wish) => repo.insert(wish).catch((error: unknown) => error)),
    );
    expect(outcomes).toMatchObject([
      { text: 'text' },
      ...[null, null, null, null],
      { replyId: replyTo, replyText: 'answered', replierId: people[0] },
      { code: '22021' },
      { text: '{"a","b\\"},NULL' },
    ]);
    expect(await numbersOf(direct)).toEqual({ seqs: upTo(4), lastSeq: 4 });
    expect((await numbersOf(blocked)).lastSeq).toBe(0);
  });

  it('are stored once for their tempId, at one node and at both', async () => {
    const wishes = upTo(12).map((number) => of(number % 2 === 0 ? direct : group, people[number % 2]));
    const outcomes = await Promise.all(
      wishes.flatMap((wish) => [0, 0, 1, 1].map((node) => nodes[node]!.repo.insert(wish))),
    );
    const again = await Promise.all(wishes.map((wish) => nodes[1].repo.insert(wish)));
    expect(outcomes.filter((outcome) => outcome !== null && outcome !== 'duplicate')).toHaveLength(12);
    expect(outcomes.filter((outcome) => outcome === 'duplicate')).toHaveLength(36);
    expect(again).toEqual(wishes.map(() => 'duplicate'));
    for (const id of [group, direct]) expect(await numbersOf(id)).toEqual({ seqs: upTo(6), lastSeq: 6 });
  });

  it('don’t wait for those of a conversation that is being changed', async () => {
    const [{ repo }] = nodes;
    const held = Promise.withResolvers<unknown>();
    const locked = Promise.withResolvers<unknown>();
    const hold = async (transaction: DatabaseTransaction): Promise<void> => {
      await transaction.$queryRaw`SELECT FROM "Conversation" WHERE "id" = ${group}::uuid FOR NO KEY UPDATE`;
      locked.resolve(null);
      await held.promise;
    };
    const change = backend.database.$transaction(hold, { timeout: 60_000 });
    await locked.promise;
    let waits = true;
    const ofGroup = upTo(2).map(() => repo.insert(of(group, people[0])));
    void Promise.all(ofGroup).then(() => (waits = false));
    const others = await Promise.all(upTo(8).map(() => repo.insert(of(direct, people[0]))));
    expect(others.every((one) => one !== null)).toBe(true);
    expect(waits).toBe(true);
    held.resolve(null);
    await change;
    expect(await Promise.all(ofGroup)).toMatchObject([{ conversationId: group }, { conversationId: group }]);
    expect(await numbersOf(group)).toEqual({ seqs: [1, 2], lastSeq: 2 });
  });

  it('from many writers at both nodes to the same conversations have no gaps and don’t stand in each other’s way', async () => {
    const directs = await Promise.all(people.slice(1).map((other) => directOf(people[0]!, other)));
    const all = [group, ...directs];
    const outcomes = await Promise.all(
      upTo(120).map((number) => nodes[number % 2]!.repo.insert(of(all[number % 4]!, people[0]))),
    );
    expect(outcomes.every((one) => one !== null && one !== 'duplicate')).toBe(true);
    for (const id of all) expect(await numbersOf(id)).toEqual({ seqs: upTo(30), lastSeq: 30 });
  });

  it('are there whole or not at all when connections break meanwhile, and once when they are sent again', async () => {
    const wishes = upTo(60).map((number) => of(number % 3 === 0 ? group : direct, people[number % 2]));
    let failed = 0;
    const sent = wishes.map((wish) => nodes[0].repo.insert(wish).catch(() => void (failed += 1)));
    await waitUntil('some of them', async () => (await numbersOf(direct)).lastSeq > 0, 60_000);
    await backend.database.$queryRaw`
      SELECT pg_terminate_backend(pid)::text FROM pg_stat_activity WHERE application_name = 'first'`;
    await Promise.all(sent);
    const stored = (await numbersOf(group)).lastSeq + (await numbersOf(direct)).lastSeq;
    expect(stored).toBeGreaterThanOrEqual(60 - failed);
    await Promise.all(wishes.map((wish) => nodes[1].repo.insert(wish).catch(() => undefined)));
    await Promise.all(wishes.map((wish) => nodes[1].repo.insert(wish)));
    expect(await numbersOf(group)).toEqual({ seqs: upTo(20), lastSeq: 20 });
    expect(await numbersOf(direct)).toEqual({ seqs: upTo(40), lastSeq: 40 });
  });
});
