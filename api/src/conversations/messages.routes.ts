import type { SignedInProcedures } from '../http/context.ts';
import type { MessagesService } from './messages.service.ts';

export function messagesRoutes(messages: MessagesService, { messages: signedIn }: SignedInProcedures) {
  return {
    send: signedIn.send.handler(({ input, context }) => messages.send(context.user, input)),
    history: signedIn.history.handler(({ input, context }) => messages.history(context.user, input)),
    read: signedIn.read.handler(({ input, context }) => messages.read(context.user, input.id, input.seq)),
    get: signedIn.get.handler(({ input, context }) => messages.get(context.user, input.id)),
    edit: signedIn.edit.handler(({ input, context }) => messages.edit(context.user, input.id, input.text)),
    delete: signedIn.delete.handler(({ input, context }) => messages.delete(context.user, input.id)),
    forward: signedIn.forward.handler(({ input, context }) => messages.forward(context.user, input)),
    readers: signedIn.readers.handler(async ({ input, context }) => ({
      items: await messages.readers(context.user, input.id),
    })),
  };
}
