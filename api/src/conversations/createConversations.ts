import type { Logger } from '@maydan/common';
import type { Database } from '@maydan/prisma';
import type { RateLimits } from '../limits/RateLimits.ts';
import { ConversationsRepo } from './conversations.repo.ts';
import { ConversationsService } from './conversations.service.ts';
import { MembersRepo } from './members.repo.ts';
import { MembersService } from './members.service.ts';
import { ConversationsSweep } from './conversationsSweep.repo.ts';
import { MessagesRepo } from './messages.repo.ts';
import { MessagesService } from './messages.service.ts';

export interface ConversationsParts {
  readonly database: Database;
  readonly limits: RateLimits;
  readonly logger: Logger;
}

/** The parts of conversations, wired up. */
export function createConversations({ database, limits, logger }: ConversationsParts) {
  const shared = { repo: new ConversationsRepo(database), limits, logger };
  return {
    conversations: new ConversationsService(shared),
    members: new MembersService({ ...shared, members: new MembersRepo(database) }),
    messages: new MessagesService({ ...shared, repo: new MessagesRepo(database) }),
    sweep: new ConversationsSweep(database),
  };
}
export type Conversations = ReturnType<typeof createConversations>;
