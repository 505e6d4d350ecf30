import { z } from 'zod';
import { chatMessage, chatSettings } from '../chat.ts';
import { toldGift } from '../gifts.ts';
import { isoDate, sessionId, userId } from '../ids.ts';
import { publicUser } from '../sessions.ts';
import { reactionKind } from '../viewing.ts';

/** So many are named at most where many do something at once. */
export const maxNamed = 5;
const some = { users: z.array(publicUser).max(maxNamed), count: z.int() };

export const reactionCounts = z.partialRecord(reactionKind, z.int());

/** One thing that happened in a session, as its room is told: see `session:events`. */
export const roomEvent = z.discriminatedUnion('type', [
  z.object({ type: z.literal('message'), message: chatMessage }),
  /** It may not have been shown to this client. */
  z.object({ type: z.literal('messageDeleted'), id: z.uuid(), seq: z.int() }),
  /** Everything that somebody wrote here, also with gifts. */
  z.object({ type: z.literal('senderDeleted'), userId }),
  /** All that are pinned now, the newest pin first. */
  z.object({ type: z.literal('pins'), pins: z.array(chatMessage) }),
  z.object({ type: z.literal('settings'), settings: chatSettings }),
  /** People who came, as far as everybody may see their presence; `count` is all of them. */
  z.object({ type: z.literal('joined'), ...some }),
  z.object({ type: z.literal('left'), count: z.int() }),
  /** They write, for so many seconds unless it is told again. */
  z.object({ type: z.literal('typing'), ...some, expiresInSec: z.int() }),
  /** How many came since the last time. */
  z.object({ type: z.literal('reactions'), counts: reactionCounts }),
  /** How many watch now, and at most so far. */
  z.object({ type: z.literal('viewers'), concurrent: z.int(), peak: z.int() }),
  /** Never sampled. After a crash one may be told again: its id says so. */
  z.object({ type: z.literal('gift'), gift: toldGift }),
  /** To the host and moderators alone: what one of them did to somebody in this session. */
  z.object({
    type: z.literal('sanction'),
    action: z.enum(['muted', 'unmuted', 'kicked', 'banned', 'unbanned']),
    user: publicUser,
    /** Who did it; null for moderators of the platform. */
    by: publicUser.nullable(),
    reason: z.string().nullable(),
    /** Until when it holds; null: until it is lifted, or for what doesn't last. */
    until: isoDate.nullable(),
  }),
  /** The coins of a gift were given back. */
  z.object({ type: z.literal('giftReturned'), id: z.uuid() }),
]);
export type RoomEvent = z.infer<typeof roomEvent>;

/** What is told to the room of a session. */
export const sessionRoomEvents = {
  /**
   * What happened in a session since the last time, in its order: some four times a second at most for each api process.
   * Of more messages than anybody reads, viewers are shown a fair sample; the host and moderators all. `written` is how
   * many there were, `shown` how many of them are here; all else is always told.
   */
  'session:events': z.object({
    sessionId,
    events: z.array(roomEvent),
    written: z.int(),
    shown: z.int(),
  }),
} as const;
