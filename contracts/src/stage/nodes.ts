import { z } from 'zod';
import { sessionId, userId } from '../ids.ts';
import { peerId } from './joinToken.ts';
import { leaveReason } from './signaling.ts';
import { mediaSource, type MediaSource } from './media.ts';

/** An sfu process, as it announces itself in Redis under `sfuNodeKey`, which expires unless it is renewed. */
export const sfuNode = z.object({
  nodeId: z.string().regex(/^[a-z0-9-]{1,40}$/),
  /** Where clients reach signaling, WHIP and WHEP; null: the api's own host name with `publicPort`. */
  publicUrl: z.url().nullable(),
  publicPort: z.int(),
  /** Where other nodes and workers reach it. */
  internalUrl: z.url(),
  /** 0 (idle) to 1 (full). */
  load: z.number().min(0),
  /** Session ids of the rooms it has. */
  rooms: z.array(z.string()),
});
export type SfuNode = z.infer<typeof sfuNode>;
export const sfuNodesKey = 'maydan:sfu:nodes';
export const sfuNodeKey = (nodeId: string): string => `${sfuNodesKey}:${nodeId}`;
/** A node that says nothing for this long is gone; it renews three times as often. */
export const sfuNodeTtlMs = 3_000;
/** One that hasn't renewed for this long is asked whether it is there. */
export const sfuNodeSilentMs = 1_500;

/** Channel on which the api tells all sfu nodes what must happen in a room at once. */
export const sfuCommandChannel = 'maydan:sfu:commands';
/**
 * Commands that put somebody out, as sorted set by when they were said (milliseconds): for nodes that start, or come back,
 * while join tokens of before are still good.
 */
export const sfuRemovalsKey = 'maydan:sfu:removals';
/**
 * Whom the api has muted in a room, a hash: `sfuMuteField` → `admin`, or `other` for whoever else did. For nodes that open the
 * room; it goes when the room is closed.
 */
export const sfuMutesKey = (id: string): string => `maydan:sfu:mutes:${id}`;
/** `source` null: all that the device sends. */
export const sfuMuteField = (ofPeer: string, source: MediaSource | null): string =>
  `${ofPeer} ${source ?? '*'}`;
export const whom = z.union([z.object({ peerId }), z.object({ userId })]);
export const sfuCommand = z.discriminatedUnion('type', [
  /** Puts all devices of a user out of all rooms. */
  z.object({ type: z.literal('removeUser'), userId, reason: leaveReason }),
  z.object({
    type: z.literal('removePeer'),
    sessionId,
    // A user off the stage alone, who may go on watching; all who only watch.
    whom: z.union([
      z.object({ userId, role: z.literal('cohost') }),
      whom,
      z.object({ role: z.literal('viewer') }),
    ]),
    reason: leaveReason,
  }),
  /** Pauses (or allows again) what somebody sends; null source: all of it. The owner can't resume it. */
  z.object({
    type: z.literal('mutePeer'),
    sessionId,
    whom,
    source: mediaSource.nullable(),
    muted: z.boolean(),
  }),
  z.object({ type: z.literal('closeRoom'), sessionId, reason: leaveReason }),
]);
export type SfuCommand = z.infer<typeof sfuCommand>;
