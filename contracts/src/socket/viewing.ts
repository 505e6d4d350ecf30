import { z } from 'zod';
import { sessionId } from '../ids.ts';
import { reactionInput, viewingInput, viewingStarted, viewingStartInput } from '../viewing.ts';
import { message } from './message.ts';

/** What viewers of a session say beside the chat. */
export const viewingMessages = {
  /** This and what follows as over REST; a device is known by the handshake's `device`, too. */
  'viewing:start': message({ access: 'anybody', input: viewingStartInput, output: viewingStarted }),
  'viewing:heartbeat': message({ access: 'anybody', input: viewingInput, output: z.object({}) }),
  'viewing:end': message({ access: 'anybody', input: viewingInput, output: z.object({}) }),
  /** As over REST, to who has the chat open. */
  'reaction:send': message({
    access: 'signedIn',
    input: reactionInput.omit({ id: true }).extend({ sessionId }),
    output: z.object({}),
  }),
};
