import type { CurrentUser, Handlers } from '../realtime/gateway.ts';
import type { Moderation } from './createModeration.ts';

/** Sanctions in a session over sockets. */
export function moderationHandlers(
  { sanctions }: Pick<Moderation, 'sanctions'>,
  current: CurrentUser,
): Pick<Handlers, 'chat:mute' | 'chat:unmute' | 'session:kick'> {
  return {
    'chat:mute': async (input, client) => ({ mute: await sanctions.mute(await current(client), input) }),
    'chat:unmute': async ({ id, userId }, client) => {
      await sanctions.unmute(await current(client), id, userId);
      return {};
    },
    'session:kick': async (input, client) => {
      await sanctions.kick(await current(client), input);
      return {};
    },
  };
}
