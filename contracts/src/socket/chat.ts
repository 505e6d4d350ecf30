import { z } from 'zod';
import {
  chatHistory,
  chatHistoryInput,
  chatMessage,
  chatMessageInput,
  chatRules,
  chatRulesInput,
  chatSendInput,
  chatState,
} from '../chat.ts';
import { errorCode } from '../errors.ts';
import { sessionId } from '../ids.ts';
import { maxPacketBytes, message } from './message.ts';

const bySession = z.object({ sessionId });
const pins = z.object({ pins: z.array(chatMessage) });

/** What is asked of the chat of a session. */
export const chatMessages = {
  /** Into the room: `session:events` from now on, and how the chat stands. Guests read only. */
  'chat:join': message({ access: 'anybody', input: bySession, output: chatState }),
  'chat:leave': message({ access: 'anybody', input: bySession, output: z.object({}) }),
  /** As over REST, by pages, or after a number for who was away. */
  'chat:history': message({ access: 'anybody', input: chatHistoryInput, output: chatHistory }),
  /** As over REST: the same `tempId` again is answered with the message that is stored. */
  'chat:send': message({
    access: 'signedIn',
    input: chatSendInput,
    output: z.object({ message: chatMessage }),
  }),
  /** This and what follows as over REST, for whom it is for there; the room is told by `session:events`. */
  'chat:delete': message({
    access: 'signedIn',
    input: chatMessageInput,
    output: z.object({ message: chatMessage }),
  }),
  'chat:pin': message({ access: 'signedIn', input: chatMessageInput, output: pins }),
  'chat:unpin': message({ access: 'signedIn', input: chatMessageInput, output: pins }),
  /** With the banned words. */
  'chat:rules': message({ access: 'signedIn', input: z.object({ id: sessionId }), output: chatRules }),
  'chat:setRules': message({
    access: 'signedIn',
    input: chatRulesInput,
    output: chatRules,
    maxBytes: maxPacketBytes,
  }),
  /** Again every few seconds while somebody types; it ends by itself. */
  'chat:typing': message({ access: 'signedIn', input: bySession, output: z.object({}) }),
};

/** What is told of the chat beside `session:events`. */
export const chatEvents = {
  /** To the person, on all devices: they are in this chat no more, and why. */
  'chat:closed': z.object({ sessionId, code: errorCode }),
} as const;
