import type { SignedInProcedures } from '../http/context.ts';
import type { Conversations } from './createConversations.ts';

export function conversationsRoutes(
  { conversations, members, publicChannels }: Conversations,
  { conversations: signedIn }: SignedInProcedures,
) {
  return {
    list: signedIn.list.handler(({ input, context }) => conversations.list(context.user, input)),
    direct: signedIn.direct.handler(({ input, context }) => conversations.direct(context.user, input.userId)),
    create: signedIn.create.handler(({ input, context }) => conversations.create(context.user, input)),
    get: signedIn.get.handler(({ input, context }) => conversations.get(context.user, input.id)),
    update: signedIn.update.handler(({ input, context }) => conversations.update(context.user, input)),
    delete: signedIn.delete.handler(async ({ input, context }) => {
      await conversations.delete(context.user, input.id);
      return {};
    }),
    publicChannels: signedIn.publicChannels.handler(({ input, context }) =>
      publicChannels.list(context.user, input),
    ),
    join: signedIn.join.handler(async ({ input, context }) => {
      await members.join(context.user, input.id);
      return conversations.get(context.user, input.id);
    }),
    leave: signedIn.leave.handler(async ({ input, context }) => {
      await members.leave(context.user, input.id);
      return {};
    }),
    members: signedIn.members.handler(({ input, context }) => members.list(context.user, input)),
    addMembers: signedIn.addMembers.handler(async ({ input, context }) => ({
      items: await members.add(context.user, input.id, input.userIds),
    })),
    setRole: signedIn.setRole.handler(({ input, context }) =>
      members.setRole(context.user, input.id, input.userId, input.role),
    ),
    removeMember: signedIn.removeMember.handler(async ({ input, context }) => {
      await members.remove(context.user, input.id, input.userId);
      return {};
    }),
  };
}
