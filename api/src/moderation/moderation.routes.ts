import type { SignedInProcedures } from '../http/context.ts';
import type { Moderation } from './createModeration.ts';

export function moderationRoutes(
  { sanctions, moderators }: Moderation,
  { moderation: signedIn }: SignedInProcedures,
) {
  return {
    mute: signedIn.mute.handler(({ input, context }) => sanctions.mute(context.user, input)),
    mutes: signedIn.mutes.handler(async ({ input, context }) => ({
      items: await sanctions.mutes(context.user, input.id),
    })),
    unmute: signedIn.unmute.handler(async ({ input, context }) => {
      await sanctions.unmute(context.user, input.id, input.userId);
      return {};
    }),
    kick: signedIn.kick.handler(async ({ input, context }) => {
      await sanctions.kick(context.user, input);
      return {};
    }),
    moderators: signedIn.moderators.handler(({ input, context }) => moderators.list(context.user, input)),
    appoint: signedIn.appoint.handler(async ({ input, context }) => {
      await moderators.appoint(context.user, input.id);
      return {};
    }),
    dismiss: signedIn.dismiss.handler(async ({ input, context }) => {
      await moderators.dismiss(context.user, input.id);
      return {};
    }),
  };
}

export function platformModerationRoutes(
  { accountBans, streamKeys, recordings, messages }: Moderation,
  { platformModeration: signedIn }: SignedInProcedures,
) {
  return {
    ban: signedIn.ban.handler(({ input, context }) => accountBans.ban(context.user, input)),
    getBan: signedIn.getBan.handler(({ input, context }) => accountBans.get(context.user, input.id)),
    unban: signedIn.unban.handler(async ({ input, context }) => {
      await accountBans.unban(context.user, input);
      return {};
    }),
    clearTraces: signedIn.clearTraces.handler(async ({ input, context }) => {
      await accountBans.clearTraces(context.user, input.id);
      return {};
    }),
    streamKeys: signedIn.streamKeys.handler(async ({ input, context }) => ({
      items: await streamKeys.list(context.user, input.id),
    })),
    disableStreamKey: signedIn.disableStreamKey.handler(({ input, context }) =>
      streamKeys.disable(context.user, input),
    ),
    deleteMessage: signedIn.deleteMessage.handler(async ({ input, context }) => {
      await messages.delete(context.user, input);
      return {};
    }),
    hideRecording: signedIn.hideRecording.handler(({ input, context }) =>
      recordings.moderate('hidden', context.user, input, context.playbackBase),
    ),
    showRecording: signedIn.showRecording.handler(({ input, context }) =>
      recordings.moderate('shown', context.user, input, context.playbackBase),
    ),
    deleteRecording: signedIn.deleteRecording.handler(({ input, context }) =>
      recordings.moderate('deleted', context.user, input, context.playbackBase),
    ),
  };
}
