import { z } from 'zod';
import { sentGift } from '../gifts.ts';
import { sessionId } from '../ids.ts';

/** What the room of a session is told of gifts. */
export const giftEvents = {
  /**
   * Gifts that were sent, with their animations; some ten times a second at most. After a crash some may be told again: by their ids
   * they are known. Gifts of one sender to one recipient within five seconds are one combo: `count` is how many so far.
   */
  'gift:sent': z.object({
    sessionId,
    gifts: z.array(sentGift.extend({ combo: z.object({ id: z.uuid(), count: z.int() }) })),
  }),
  /** The coins of a gift were given back. */
  'gift:returned': z.object({ sessionId, id: z.uuid() }),
} as const;
