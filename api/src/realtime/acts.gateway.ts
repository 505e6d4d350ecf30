import { chatActHandlers } from '../chat/chat.gateway.ts';
import type { Chat } from '../chat/createChat.ts';
import { giftsHandlers } from '../gifts/gifts.gateway.ts';
import type { GiftsService } from '../gifts/gifts.service.ts';
import type { SignInsService } from '../identity/signIns.service.ts';
import type { Moderation } from '../moderation/createModeration.ts';
import { moderationHandlers } from '../moderation/moderation.gateway.ts';
import { remindersHandlers } from '../reminders/reminders.gateway.ts';
import type { RemindersService } from '../reminders/reminders.service.ts';
import type { CurrentUser } from './gateway.ts';

export interface ActServices {
  readonly chat: Pick<Chat, 'chat'>;
  readonly gifts: { readonly gifts: GiftsService };
  readonly moderation: Pick<Moderation, 'sanctions'>;
  readonly reminders: RemindersService;
  readonly signIns: Pick<SignInsService, 'current'>;
}

/** What one does while one watches, over sockets as over REST. */
export function actHandlers({ chat, gifts, moderation, reminders, signIns }: ActServices) {
  const current: CurrentUser = ({ user, signInId }) => signIns.current(user.id, signInId);
  return {
    ...chatActHandlers(chat, current),
    ...giftsHandlers(gifts, current),
    ...moderationHandlers(moderation, current),
    ...remindersHandlers(reminders),
  };
}
