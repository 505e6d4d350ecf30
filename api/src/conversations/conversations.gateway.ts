import { AppError } from '@maydan/common';
import type { Handlers, RoomGuard } from '../realtime/gateway.ts';
import type { Conversations } from './createConversations.ts';

type Names =
  | 'conversation:subscribe'
  | 'conversation:unsubscribe'
  | 'message:send'
  | 'message:edit'
  | 'message:delete'
  | 'message:forward'
  | 'message:history'
  | 'message:read'
  | 'typing:start'
  | 'typing:stop';

/** Conversations over sockets. */
export function conversationsHandlers({
  conversations,
  messages,
  typing,
}: Conversations): Pick<Handlers, Names> {
  return {
    // In the room first, so that nothing falls between the answer and the first event.
    'conversation:subscribe': async ({ conversationId }, client) => {
      await client.follow('conversation', conversationId);
      return { conversation: await conversations.get(client.user, conversationId) };
    },
    'conversation:unsubscribe': async ({ conversationId }, client) => {
      await client.unfollow('conversation', conversationId);
      return {};
    },
    'message:send': async (input, client) => {
      typing.wrote(input.id, client.user.id);
      return { message: await messages.sendCounted(client.user, input) };
    },
    'message:edit': async ({ id, text }, client) => ({ message: await messages.edit(client.user, id, text) }),
    'message:delete': async ({ id }, client) => ({ message: await messages.delete(client.user, id) }),
    'message:forward': async (input, client) => ({ message: await messages.forward(client.user, input) }),
    'message:history': (input, client) => messages.history(client.user, input),
    'message:read': ({ id, seq }, client) => messages.read(client.user, id, seq),
    'typing:start': async ({ conversationId }, client) => {
      await messages.requireWriter(client.user.id, conversationId);
      await typing.started(conversationId, client.user, client.id);
      return {};
    },
    'typing:stop': async ({ conversationId }, client) => {
      await typing.stopped(conversationId, client.user.id);
      return {};
    },
  };
}

/** Members may have a conversation open, unless a block lies between the two of a direct one. */
export function conversationGuard({ messages }: Pick<Conversations, 'messages'>): RoomGuard {
  return (conversationId, user) => {
    if (user === null) throw new AppError('not_found');
    return messages.requireWriter(user.id, conversationId);
  };
}
