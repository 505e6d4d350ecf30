import type { CurrentUser, Handlers } from '../realtime/gateway.ts';
import type { Conversations } from './createConversations.ts';

type Names =
  | 'conversation:direct'
  | 'conversation:create'
  | 'conversation:update'
  | 'conversation:delete'
  | 'conversation:join'
  | 'conversation:leave'
  | 'member:add'
  | 'member:remove'
  | 'member:setRole';

/** Conversations as wholes and who is in them, over sockets. */
export function conversationActHandlers(
  { conversations, members }: Pick<Conversations, 'conversations' | 'members'>,
  current: CurrentUser,
): Pick<Handlers, Names> {
  return {
    'conversation:direct': async ({ userId }, client) => ({
      conversation: await conversations.direct(await current(client), userId),
    }),
    'conversation:create': async (input, client) => ({
      conversation: await conversations.create(await current(client), input),
    }),
    'conversation:update': async (input, client) => ({
      conversation: await conversations.update(await current(client), input),
    }),
    'conversation:delete': async ({ id }, client) => {
      await conversations.delete(await current(client), id);
      return {};
    },
    'conversation:join': async ({ id }, client) => {
      const user = await current(client);
      await members.join(user, id);
      return { conversation: await conversations.get(user, id) };
    },
    'conversation:leave': async ({ id }, client) => {
      await members.leave(await current(client), id);
      return {};
    },
    'member:add': async ({ id, userIds }, client) => ({
      members: await members.add(await current(client), id, userIds),
    }),
    'member:remove': async ({ id, userId }, client) => {
      await members.remove(await current(client), id, userId);
      return {};
    },
    'member:setRole': async ({ id, userId, role }, client) => ({
      member: await members.setRole(await current(client), id, userId, role),
    }),
  };
}
