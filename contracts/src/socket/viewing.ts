import { z } from 'zod';
import { sessionId } from '../ids.ts';
import { viewingInput } from '../viewing.ts';
import { message } from './message.ts';
import { reactionKind } from './sessionRoom.ts';

/** What viewers of a session say beside the chat. */
export const viewingMessages = {
  /** As over REST. */
  'viewing:heartbeat': message({ access: 'anybody', input: viewingInput, output: z.object({}) }),
  'viewing:end': message({ access: 'anybody', input: viewingInput, output: z.object({}) }),
  /** To who has the chat open. Several taps can go together. */
  'reaction:send': message({
    access: 'signedIn',
    input: z.object({ sessionId, kind: reactionKind, count: z.int().min(1).max(10).default(1) }),
    output: z.object({}),
  }),
};
