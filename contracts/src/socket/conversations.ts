import { z } from 'zod';
import { conversation, member, sharedConversation } from '../conversations.ts';
import { conversationId, userId } from '../ids.ts';
import {
  conversationMessage,
  historyInput,
  historyPage,
  messageEditInput,
  messageForwardInput,
  messageSendInput,
  readInput,
  readOutput,
} from '../messages.ts';
import { publicUser } from '../sessions.ts';
import { message } from './message.ts';

const byConversation = z.object({ conversationId });

/** For how long somebody is shown to type after the last word of it. */
export const typingSec = 6;

/** What is asked about conversations. */
export const conversationMessages = {
  /** Have it open: who types and who reads is told as well, and of a public channel all that happens; 200 at most. */
  'conversation:subscribe': message({
    access: 'signedIn',
    input: byConversation,
    output: z.object({ conversation }),
  }),
  'conversation:unsubscribe': message({
    access: 'signedIn',
    input: byConversation,
    output: z.object({}),
  }),
  /** As over REST: the same `tempId` again is answered with the message that is stored. */
  'message:send': message({
    access: 'signedIn',
    input: messageSendInput,
    output: z.object({ message: conversationMessage }),
  }),
  /** These as over REST, too; all who may see it are told. */
  'message:edit': message({
    access: 'signedIn',
    input: messageEditInput,
    output: z.object({ message: conversationMessage }),
  }),
  'message:delete': message({
    access: 'signedIn',
    input: z.object({ id: z.uuid() }),
    output: z.object({ message: conversationMessage }),
  }),
  'message:forward': message({
    access: 'signedIn',
    input: messageForwardInput,
    output: z.object({ message: conversationMessage }),
  }),
  'message:history': message({ access: 'signedIn', input: historyInput, output: historyPage }),
  'message:read': message({ access: 'signedIn', input: readInput, output: readOutput }),
  /** Again every few seconds while somebody types; it ends by itself, by a message, or when the connection does. */
  'typing:start': message({ access: 'signedIn', input: byConversation, output: z.object({}) }),
  'typing:stop': message({ access: 'signedIn', input: byConversation, output: z.object({}) }),
};

/**
 * What is told about conversations: to all connections of the members of direct ones and groups; of public channels, and
 * where it says so, to those that have the conversation open. Nodes may tell in another order than things happened in:
 * `seq`, `revision`, `updatedAt` and `lastReadSeq` say what is newer.
 */
export const conversationEvents = {
  /** Its sender types no more. A conversation that the client doesn't know has begun with it. */
  'message:created': z.object({ message: conversationMessage }),
  'message:updated': z.object({ message: conversationMessage }),
  /** Its place stays, empty. */
  'message:deleted': z.object({ message: conversationMessage }),
  /** To both of a direct conversation; in a group to those who have it open, and to the reader; else to the reader alone. */
  'member:read': z.object({ conversationId, userId, lastReadSeq: z.int() }),
  'member:joined': z.object({ conversationId, members: z.array(member) }),
  /** Also to who left or was removed. */
  'member:left': z.object({ conversationId, userId }),
  /** A role changed. */
  'member:updated': z.object({ conversationId, member }),
  /** To those who are new in it. */
  'conversation:created': z.object({ conversation: sharedConversation }),
  'conversation:updated': z.object({ conversation: sharedConversation }),
  /** For all; of a direct one for who deleted it. */
  'conversation:deleted': byConversation,
  /** To those who have it open: for so many seconds unless it is told again. */
  'typing:started': z.object({ conversationId, user: publicUser, expiresInSec: z.int() }),
  'typing:stopped': z.object({ conversationId, userId }),
} as const;
