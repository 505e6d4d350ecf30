import type { AnybodyProcedures, SignedInProcedures } from '../http/context.ts';
import type { Chat } from './createChat.ts';

export function chatRoutes(
  { chat, sending }: Chat,
  { chat: signedIn }: SignedInProcedures,
  { chat: anybody }: AnybodyProcedures,
) {
  return {
    send: signedIn.send.handler(async ({ input, context }) => {
      await chat.enter(context.user, input.id);
      return sending.send(context.user, input, context.address);
    }),
    state: anybody.state.handler(({ input, context }) => chat.state(context.user, input.id)),
    history: anybody.history.handler(({ input, context }) => chat.history(context.user, input)),
    delete: signedIn.delete.handler(({ input, context }) =>
      chat.delete(context.user, input.id, input.messageId),
    ),
    pin: signedIn.pin.handler(async ({ input, context }) => ({
      pins: await chat.pin(context.user, input.id, input.messageId),
    })),
    unpin: signedIn.unpin.handler(async ({ input, context }) => ({
      pins: await chat.unpin(context.user, input.id, input.messageId),
    })),
    rules: signedIn.rules.handler(({ input, context }) => chat.rules(context.user, input.id)),
    setRules: signedIn.setRules.handler(({ input, context }) => chat.setRules(context.user, input)),
  };
}

export function bannedWordsRoutes({ lists }: Pick<Chat, 'lists'>, { bannedWords }: SignedInProcedures) {
  return {
    list: bannedWords.list.handler(async ({ context }) => ({ items: await lists.list(context.user) })),
    add: bannedWords.add.handler(({ input, context }) => lists.add(context.user, input.word)),
    remove: bannedWords.remove.handler(async ({ input, context }) => {
      await lists.remove(context.user, input.id);
      return {};
    }),
  };
}
