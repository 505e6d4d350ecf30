import { randomUUID } from 'node:crypto';
import { createApiClient } from '@maydan/contracts';
import type { Socket } from 'socket.io-client';
import { AccessTokens } from '../../../api/src/identity/AccessTokens.ts';
import { TestBackend } from '../../../api/src/testing/TestBackend.ts';
import { numbers, people, storePeople } from '../manyPeople.ts';
import { connect } from './connect.ts';
import type { Pair, Talker } from './load.ts';
import type { Side } from './sides.ts';

export interface Person {
  readonly id: string;
  readonly token: string;
}

/** What the api tells is as agreed: its tests see to that, and checking each would cost more than all else that a client does. */
interface Told {
  readonly message: { readonly text: string; readonly sender: { readonly id: string } };
}
const environment = {
  LOG_LEVEL: 'info',
  MESSAGE_RATE_PER_USER: '1000000',
  CONVERSATION_RATE_PER_USER: '1000000',
  // As in production: tests tidy up far more often.
  TIDYING_PERIOD_MS: '60000',
};

/** Two processes of the api, with a PostgreSQL that waits for the disk and a Redis of their own. */
export async function startOurs(count: number): Promise<Side> {
  const backend = await TestBackend.start({ durable: true });
  const sockets: Socket[] = [];
  const close = async (): Promise<void> => {
    for (const socket of sockets) socket.disconnect();
    await backend.close();
  };
  try {
    const nodes = [await backend.startProcess(0, environment), await backend.startProcess(0, environment)];
    const persons = await signedIn(backend, count * 2);
    const pairs: Pair[] = [];
    for (let index = 0; index + 1 < persons.length; index += 2) {
      const [one, other] = persons.slice(index, index + 2) as [Person, Person];
      const [near, far] = await Promise.all(
        [one, other].map(({ token }, side) => connect(nodes[side]?.url ?? '', { token })),
      );
      if (near === undefined || far === undefined) throw new Error('not connected');
      sockets.push(near, far);
      const id = await conversationOf(nodes[0]?.url ?? '', one, other);
      pairs.push([talker(near, id, one), talker(far, id, other)]);
    }
    const countStored = (): Promise<number> => backend.database.message.count();
    return { pairs, pids: nodes.map(({ pid }) => pid), countStored, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** People who are signed in without a password, whose hashing isn't what is measured. */
export async function signedIn(backend: TestBackend, count: number): Promise<Person[]> {
  const { database } = backend;
  await storePeople(database, people(count, numbers(3)));
  const users = await database.user.findMany({ select: { id: true }, take: count });
  const expiresAt = new Date(Date.now() + 3_600_000);
  const data = users.map(({ id }) => ({ userId: id, expiresAt }));
  const signIns = await database.signIn.createManyAndReturn({ data });
  const tokens = new AccessTokens(TestBackend.accessTokenSecret);
  return signIns.map(({ id, userId }) => ({
    id: userId,
    token: tokens.mint({ userId, role: 'user', signInId: id }),
  }));
}

async function conversationOf(baseUrl: string, { token }: Person, other: Person): Promise<string> {
  const client = createApiClient({ baseUrl, accessToken: () => token });
  return (await client.conversations.direct({ userId: other.id })).id;
}

/** Hears what the other says; one's own messages come back to one's own devices as well. */
function talker(socket: Socket, conversationId: string, { id: own }: Person): Talker {
  return {
    send: async (text) => {
      const wish = { id: conversationId, tempId: randomUUID(), text };
      const answer: unknown = await socket.timeout(10_000).emitWithAck('message:send', wish);
      if (isRefusal(answer)) throw new Error(JSON.stringify(answer));
    },
    onText: (heard) => {
      socket.on('message:created', ({ message }: Told) => {
        if (message.sender.id !== own) heard(message.text);
      });
    },
  };
}

const isRefusal = (answer: unknown): boolean =>
  typeof answer === 'object' && answer !== null && 'error' in answer;
