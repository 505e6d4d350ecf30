import { AppError } from '@maydan/common';
import type { CurrentUser, Handlers, RoomGuard, SocketClient } from '../realtime/gateway.ts';
import type { Chat } from './createChat.ts';

type Acts = 'chat:delete' | 'chat:pin' | 'chat:unpin' | 'chat:rules' | 'chat:setRules';
type Names = 'chat:join' | 'chat:leave' | 'chat:history' | 'chat:send' | 'chat:typing';
const halves = ['staff', 'chat'] as const;

/** The chat of a session over sockets. */
export function chatHandlers({ chat, sending, comings }: Chat): Pick<Handlers, Names> {
  const isIn = (client: SocketClient, sessionId: string): boolean =>
    halves.some((half) => client.follows(half, sessionId));
  /** In the room first, so that nothing falls between the answer and the first event. */
  const enter = async (client: SocketClient, sessionId: string): Promise<void> => {
    if (isIn(client, sessionId)) return;
    const { half } = await chat.enter(client.user, sessionId);
    await client.follow(half, sessionId);
    if (client.user !== null) await comings.came(sessionId, client.user);
  };
  return {
    'chat:join': async ({ sessionId }, client) => {
      await enter(client, sessionId);
      return chat.state(client.user, sessionId);
    },
    'chat:leave': async ({ sessionId }, client) => {
      if (isIn(client, sessionId) && client.user !== null) await comings.left(sessionId, client.user);
      for (const half of halves) await client.unfollow(half, sessionId);
      return {};
    },
    'chat:history': (input, client) => chat.history(client.user, input),
    'chat:send': async (input, client) => {
      if (!isIn(client, input.id)) await chat.enter(client.user, input.id);
      return { message: await sending.send(client.user, input, client.address) };
    },
    'chat:typing': async ({ sessionId }, client) => {
      if (!isIn(client, sessionId)) throw new AppError('forbidden', 'Join the chat first.');
      await comings.typing(sessionId, client.user);
      return {};
    },
  };
}

/** What one does with messages and settings of a chat: the services that answer over REST judge it, and count it. */
export function chatActHandlers({ chat }: Pick<Chat, 'chat'>, current: CurrentUser): Pick<Handlers, Acts> {
  return {
    'chat:delete': async ({ id, messageId }, client) => ({
      message: await chat.delete(await current(client), id, messageId),
    }),
    'chat:pin': async ({ id, messageId }, client) => ({
      pins: await chat.pin(await current(client), id, messageId),
    }),
    'chat:unpin': async ({ id, messageId }, client) => ({
      pins: await chat.unpin(await current(client), id, messageId),
    }),
    'chat:rules': async ({ id }, client) => chat.rules(await current(client), id),
    'chat:setRules': async (input, client) => chat.setRules(await current(client), input),
  };
}

/** Who left without a word has left, too. */
export function chatLeft({ comings }: Chat) {
  return async (client: SocketClient): Promise<void> => {
    const { user } = client;
    if (user === null) return;
    const left = halves.flatMap((half) => client.followed(half));
    for (const sessionId of left) await comings.left(sessionId, user);
  };
}

/** Viewers and guests; those who are above them see more in the other half. */
export function chatGuard({ chat }: Chat): RoomGuard {
  return async (sessionId, user) => void (await chat.enter(user, sessionId));
}

/** The host and moderators. */
export function staffGuard({ chat }: Chat): RoomGuard {
  return async (sessionId, user) => {
    const { half } = await chat.enter(user, sessionId);
    if (half !== 'staff') throw new AppError('forbidden');
  };
}
