import { z } from 'zod';
import { chatMessage, chatSendInput, chatState } from '../chat.ts';
import { errorCode } from '../errors.ts';
import { sessionId } from '../ids.ts';
import { message } from './message.ts';

const bySession = z.object({ sessionId });

/** What is asked of the chat of a session. */
export const chatMessages = {
  /** Into the room: `session:events` from now on, and how the chat stands. Guests read only. */
  'chat:join': message({ access: 'anybody', input: bySession, output: chatState }),
  'chat:leave': message({ access: 'anybody', input: bySession, output: z.object({}) }),
  /** As over REST: the same `tempId` again is answered with the message that is stored. */
  'chat:send': message({
    access: 'signedIn',
    input: chatSendInput,
    output: z.object({ message: chatMessage }),
  }),
  /** Again every few seconds while somebody types; it ends by itself. */
  'chat:typing': message({ access: 'signedIn', input: bySession, output: z.object({}) }),
};

/** What is told of the chat beside `session:events`. */
export const chatEvents = {
  /** To the person, on all devices: they are in this chat no more, and why. */
  'chat:closed': z.object({ sessionId, code: errorCode }),
} as const;
