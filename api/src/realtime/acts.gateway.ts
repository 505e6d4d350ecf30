import { accessHandlers } from '../access/access.gateway.ts';
import type { AccessService } from '../access/access.service.ts';
import type { AnalyticsService } from '../analytics/analytics.service.ts';
import { chatActHandlers } from '../chat/chat.gateway.ts';
import type { Chat } from '../chat/createChat.ts';
import { conversationActHandlers } from '../conversations/conversationActs.gateway.ts';
import type { Conversations } from '../conversations/createConversations.ts';
import { giftsHandlers } from '../gifts/gifts.gateway.ts';
import type { GiftsService } from '../gifts/gifts.service.ts';
import type { SignInsService } from '../identity/signIns.service.ts';
import type { Moderation } from '../moderation/createModeration.ts';
import { moderationHandlers } from '../moderation/moderation.gateway.ts';
import { peopleHandlers, type PeopleActs } from '../people/people.gateway.ts';
import { remindersHandlers } from '../reminders/reminders.gateway.ts';
import type { RemindersService } from '../reminders/reminders.service.ts';
import { reportActHandlers } from '../reports/reports.gateway.ts';
import type { ReportsService } from '../reports/reports.service.ts';
import { sessionActHandlers } from '../sessions/sessions.gateway.ts';
import type { SessionsService } from '../sessions/sessions.service.ts';
import { bansHandlers } from '../stage/bans.gateway.ts';
import type { BansService } from '../stage/bans.service.ts';
import { statusesHandlers } from '../statuses/statuses.gateway.ts';
import type { StatusesService } from '../statuses/statuses.service.ts';
import type { Viewing } from '../viewing/createViewing.ts';
import { viewingHandlers } from '../viewing/viewing.gateway.ts';
import type { CurrentUser } from './gateway.ts';

export interface ActServices {
  readonly accessService: AccessService;
  readonly analytics: { readonly analytics: Pick<AnalyticsService, 'summaryOf'> };
  readonly chat: Pick<Chat, 'chat'>;
  readonly conversations: Pick<Conversations, 'conversations' | 'members'>;
  readonly gifts: { readonly gifts: GiftsService };
  readonly moderation: Pick<Moderation, 'sanctions'>;
  readonly people: PeopleActs;
  readonly reminders: RemindersService;
  readonly reports: ReportsService;
  readonly sessions: SessionsService;
  readonly stage: { readonly bans: BansService };
  readonly statuses: { readonly service: StatusesService };
  readonly viewing: Pick<Viewing, 'viewing'>;
  readonly signIns: Pick<SignInsService, 'current'>;
}

/** What one does while one watches or hosts, and among people, over sockets as over REST. */
export function actHandlers({ chat, gifts, moderation, reminders, signIns, ...more }: ActServices) {
  const { accessService, analytics, conversations, people, reports, sessions, stage, statuses, viewing } =
    more;
  const current: CurrentUser = ({ user, signInId }) => signIns.current(user.id, signInId);
  return {
    ...viewingHandlers(viewing),
    ...chatActHandlers(chat, current),
    ...giftsHandlers(gifts, current),
    ...moderationHandlers(moderation, current),
    ...remindersHandlers(reminders),
    ...reportActHandlers(reports, current),
    ...sessionActHandlers(sessions, analytics.analytics, current),
    ...accessHandlers(accessService, current),
    ...bansHandlers(stage.bans, current),
    ...conversationActHandlers(conversations, current),
    ...peopleHandlers(people, current),
    ...statusesHandlers(statuses.service, current),
  };
}
