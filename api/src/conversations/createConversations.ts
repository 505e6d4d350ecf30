import type { Logger } from '@maydan/common';
import type { Database } from '@maydan/prisma';
import type { Attachments } from '../media/Attachments.ts';
import type { RateLimits } from '../limits/RateLimits.ts';
import type { Emitter } from '../realtime/Emitter.ts';
import { ConversationAnnouncer } from './ConversationAnnouncer.ts';
import { ConversationsRepo } from './conversations.repo.ts';
import { ConversationsService } from './conversations.service.ts';
import { ConversationsSweep } from './conversationsSweep.repo.ts';
import { MessageFiles } from './MessageFiles.ts';
import type { MessageMediaRepo } from './messageMedia.repo.ts';
import { MembersRepo } from './members.repo.ts';
import { MembersService } from './members.service.ts';
import { MessagesRepo } from './messages.repo.ts';
import { MessagesService, type MessagesDependencies } from './messages.service.ts';
import { PublicChannelsRepo } from './publicChannels.repo.ts';
import { PublicChannelsService } from './publicChannels.service.ts';
import { Typing } from './Typing.ts';

export interface ConversationsParts {
  readonly database: Database;
  readonly emitter: Emitter;
  readonly attachments: Attachments;
  readonly messageMedia: MessageMediaRepo;
  readonly noticed: MessagesDependencies['noticed'];
  readonly limits: RateLimits;
  readonly logger: Logger;
}

/** The parts of conversations, wired up. */
export function createConversations(parts: ConversationsParts) {
  const { database, emitter, attachments, messageMedia, limits, logger } = parts;
  const files = new MessageFiles(messageMedia, attachments);
  const messages = new MessagesRepo(database);
  const announcer = new ConversationAnnouncer(emitter, messages, logger);
  const shared = { repo: new ConversationsRepo(database), files, announcer, limits, logger };
  return {
    conversations: new ConversationsService(shared),
    members: new MembersService({ ...shared, members: new MembersRepo(database) }),
    messages: new MessagesService({ ...shared, noticed: parts.noticed, repo: messages }),
    publicChannels: new PublicChannelsService(new PublicChannelsRepo(database), limits),
    typing: new Typing(announcer),
    sweep: new ConversationsSweep(database),
  };
}
export type Conversations = ReturnType<typeof createConversations>;
