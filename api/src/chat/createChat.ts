import type { Logger, Redis } from '@maydan/common';
import type { Database } from '@maydan/prisma';
import type { ApiConfig } from '../config.ts';
import type { RateLimits } from '../limits/RateLimits.ts';
import type { Emitter } from '../realtime/Emitter.ts';
import type { Traces } from '../moderation/traces/Traces.ts';
import type { SessionRoom } from '../realtime/SessionRoom.ts';
import type { SessionsService } from '../sessions/sessions.service.ts';
import { BannedWordLists } from './BannedWordLists.ts';
import { BannedWordsRepo } from './bannedWords.repo.ts';
import { ChatRepo } from './chat.repo.ts';
import { ChatService } from './chat.service.ts';
import { ChatCheck, type ChatCheckDependencies } from './ChatCheck.ts';
import { ChatComings } from './ChatComings.ts';
import { ChatGate } from './ChatGate.ts';
import { ChatSendService } from './chatSend.service.ts';
import { HttpClassifier } from './Classifier.ts';
import { ChatWriter } from './ChatWriter.ts';
import { DelayedMessages } from './DelayedMessages.ts';

export interface ChatParts {
  readonly config: ApiConfig;
  readonly database: Database;
  readonly redis: Redis;
  readonly sessions: SessionsService;
  readonly room: SessionRoom;
  readonly emitter: Emitter;
  readonly limits: RateLimits;
  readonly traces: Traces;
  readonly classified: ChatCheckDependencies['observe'];
  readonly logger: Logger;
}

/** The parts of the chats of sessions, wired up. */
export function createChat({ config, database, redis, logger, ...parts }: ChatParts) {
  const { room, classified } = parts;
  const repo = new ChatRepo(database);
  const gate = new ChatGate(redis, {
    perUser: config.CHAT_RATE_PER_USER,
    perAddress: config.CHAT_RATE_PER_ADDRESS,
    perRoom: config.CHAT_RATE_PER_ROOM,
  });
  const lists = new BannedWordLists(new BannedWordsRepo(database));
  const delayed = new DelayedMessages(room, repo, logger);
  return {
    gate,
    lists,
    delayed,
    chat: new ChatService({ ...parts, repo }),
    sending: new ChatSendService({
      repo,
      gate,
      lists,
      delayed,
      room,
      check: createCheck(config, classified, logger),
      writer: new ChatWriter(repo),
    }),
    comings: new ChatComings(room, gate),
  };
}
export type Chat = ReturnType<typeof createChat>;

function createCheck(
  config: ApiConfig,
  observe: ChatCheckDependencies['observe'],
  logger: Logger,
): ChatCheck | null {
  const {
    CHAT_CLASSIFIER_URL: url,
    CHAT_CLASSIFIER_TOKEN: token,
    CHAT_CLASSIFIER_FALLBACK: fallback,
  } = config;
  if (url === undefined) return null;
  return new ChatCheck({ classifier: new HttpClassifier(url, token), fallback, observe, logger });
}
