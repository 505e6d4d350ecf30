import { z } from 'zod';
import {
  conversation,
  conversationById,
  conversationCreateInput,
  conversationUpdateInput,
  directInput,
  member,
  memberInput,
  membersAddInput,
  roleInput,
  sharedConversation,
} from '../conversations.ts';
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
const oneConversation = z.object({ conversation });
const nothing = z.object({});

/** For how long somebody is shown to type after the last word of it. */
export const typingSec = 6;

/** What is asked about conversations. */
export const conversationMessages = {
  /** Have it open: who types and who reads is told as well, and of a public channel all that happens; 200 at most. */
  'conversation:subscribe': message({
    access: 'signedIn',
    input: byConversation,
    output: oneConversation,
  }),
  'conversation:unsubscribe': message({
    access: 'signedIn',
    input: byConversation,
    output: z.object({}),
  }),
  /** As over REST, like all that follow but typing: the one conversation with somebody, made when there is none. */
  'conversation:direct': message({ access: 'signedIn', input: directInput, output: oneConversation }),
  /** A group or public channel. */
  'conversation:create': message({
    access: 'signedIn',
    input: conversationCreateInput,
    output: oneConversation,
  }),
  'conversation:update': message({
    access: 'signedIn',
    input: conversationUpdateInput,
    output: oneConversation,
  }),
  /** For all, as its owner; of a direct one, one's own view of it. */
  'conversation:delete': message({ access: 'signedIn', input: conversationById, output: nothing }),
  /** Into a public channel. */
  'conversation:join': message({ access: 'signedIn', input: conversationById, output: oneConversation }),
  'conversation:leave': message({ access: 'signedIn', input: conversationById, output: nothing }),
  /** Answered with all who were named, those who were in it already too. */
  'member:add': message({
    access: 'signedIn',
    input: membersAddInput,
    output: z.object({ members: z.array(member) }),
  }),
  'member:remove': message({ access: 'signedIn', input: memberInput, output: nothing }),
  'member:setRole': message({ access: 'signedIn', input: roleInput, output: z.object({ member }) }),
  /** The same `tempId` again is answered with the message that is stored. */
  'message:send': message({
    access: 'signedIn',
    input: messageSendInput,
    output: z.object({ message: conversationMessage }),
  }),
  /** All who may see it are told of these. */
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
