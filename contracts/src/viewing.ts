import { z } from 'zod';
import { sessionId } from './ids.ts';

/** A player says so often that somebody watches; who doesn't for `viewingTtlSec` is counted no more. */
export const viewingIntervalSec = 15;
export const viewingTtlSec = 20;
/** How many different ones there were is counted for each quarter of an hour: days of some time zones begin at :30 or :45 of UTC's hours. */
export const viewingSlotMs = 900_000;

/** Who watches, as it is counted: stands for a person or a device, and says nothing about who it is. */
export const viewer = z.string().min(1).max(64);

/**
 * Header with the token of the device; sockets have it as `device` in their handshake, or are given one as they begin to watch. Who shows
 * none is another device each time; by a connection to the room, one for each address and program of the day.
 */
export const deviceHeader = 'x-maydan-device';

/** How many people watch a session: each person, or device without a sign-in, once over all players. */
export const viewership = z.object({
  /** Now; 0 once the session is over. */
  concurrent: z.int(),
  /** At most at the same time. */
  peak: z.int(),
  /** Different ones so far, to about one percent. */
  unique: z.int(),
  /** The time that all of them watched. */
  watchTimeSec: z.int(),
  reactions: z.int(),
});
export type Viewership = z.infer<typeof viewership>;

export const viewingStartInput = z.object({
  /** Of the session. */
  id: sessionId,
  /** From an earlier answer: a device that comes again is no other one. */
  deviceToken: z.string().max(200).optional(),
});
export const viewingStarted = z.object({
  /** For the heartbeats of this player; good for a day. */
  viewingToken: z.string(),
  /** To be kept by the device, and shown with all it asks (`deviceHeader`). */
  deviceToken: z.string(),
  /** Seconds between two heartbeats. */
  intervalSec: z.int(),
});
export const viewingInput = z.object({ token: z.string().max(300) });

export const reactionKind = z.enum(['heart', 'like', 'fire', 'laugh', 'clap', 'wow']);
export type ReactionKind = z.infer<typeof reactionKind>;
/** Several taps can go together. */
export const reactionInput = z.object({
  /** Of the session. */
  id: sessionId,
  kind: reactionKind,
  count: z.int().min(1).max(10).default(1),
});
