import { z } from 'zod';
import { isoDate, sessionId, userId } from '../ids.ts';
import { banIncluded, banIncludes, sanctionDurationSec, sanctionReason } from '../moderation.ts';
import { publicUser, sessionType, type SessionType } from '../sessions.ts';
import { peerId, stageRole } from './joinToken.ts';
import { mediaSource } from './media.ts';

/** Most people on stage, the host included. */
export const stageLimits: Readonly<Record<SessionType, number>> = { video: 8, audio: 20 };

/** See `seatTable` for what leads from one to another. */
export const seatState = z.enum([
  'requested',
  'invited',
  'accepted',
  'onStage',
  'declined',
  'removed',
  'left',
]);
export type SeatState = z.infer<typeof seatState>;

/** Somebody's place on the stage of a session, asked for or given. A user has one in a session. */
export const seat = z.object({
  sessionId,
  user: publicUser,
  state: seatState,
  createdAt: isoDate,
  changedAt: isoDate,
});
export type Seat = z.infer<typeof seat>;

/** Somebody who is on stage now, as the sfu tells. */
export const stagePerson = z.object({
  peerId,
  role: stageRole,
  user: publicUser.nullable(),
});
export type StagePerson = z.infer<typeof stagePerson>;

/** The stage as everybody may see it. */
export const stage = z.object({
  sessionId,
  type: sessionType,
  /** Most people on stage, the host included. */
  limit: z.int(),
  /** Who is on stage, in the order of coming. */
  people: z.array(stagePerson),
  /** Taken seats: `accepted` (expected) and `onStage`. */
  seats: z.array(seat),
});
export type Stage = z.infer<typeof stage>;

const byId = z.object({ id: sessionId });
export const stageJoinInput = z.object({
  id: sessionId,
  role: z.enum(['viewer', 'host', 'cohost']).default('viewer'),
  /**
   * From an earlier answer to the same person, to go on after a loss with the same place in the room. One that was not
   * given to this person for this session and role is passed over, and the answer has a new one.
   */
  peerId: peerId.optional(),
  /**
   * True: the player says itself that somebody watches (`POST /sessions/{id}/viewing`). Else a viewer counts for as long as
   * their connection lives.
   */
  heartbeats: z.boolean().default(false),
});
export const stageJoinOutput = z.object({
  /** For the sfu: `auth: { token }` of the signaling handshake, and the bearer token of WHEP. */
  token: z.string(),
  expiresAt: isoDate,
  peerId,
  role: stageRole,
  /** Socket.IO address without path; the path is `/sfu`. */
  signalingUrl: z.string(),
  whepUrl: z.string(),
  nodeId: z.string(),
});
export type StageJoin = z.infer<typeof stageJoinOutput>;

/** The stage and one's own seat; null without one, or when nobody is signed in. */
export const stageGetOutput = z.object({ stage, mine: seat.nullable() });

/** By user id or by name. */
export const stageInviteInput = byId.extend({
  user: z.union([z.object({ userId }), z.object({ username: z.string().trim().min(1).max(30) })]),
});
export const seatOfInput = byId.extend({ userId });
export const stageMuteInput = byId.extend({
  peerId,
  /** Null: all that the peer sends. */
  source: mediaSource.nullable().default(null),
  muted: z.boolean(),
});
export const stagePeerInput = byId.extend({ peerId });

export const sessionBan = z.object({
  user: publicUser,
  reason: z.string().nullable(),
  createdAt: isoDate,
  /** It ends then by itself; null: when it is lifted. */
  expiresAt: isoDate.nullable(),
  ...banIncluded,
});
export type SessionBan = z.infer<typeof sessionBan>;
export const sessionBanInput = byId.extend({
  userId,
  reason: sanctionReason.nullable().default(null),
  durationSec: sanctionDurationSec,
  ...banIncludes,
});
export type SessionBanInput = z.infer<typeof sessionBanInput>;
