import { z } from 'zod';
import { isoDate, sessionId, userId } from '../ids.ts';
import { peerId } from './joinToken.ts';
import { mediaSource } from './media.ts';

/**
 * What the sfu receives of one producer on stage, seen in its packets (units in the names); null where it can't be told:
 * pictures of sound, of what is paused, and before two reports.
 */
export const stagePeerHealth = z.object({
  peerId,
  userId: userId.nullable(),
  source: mediaSource,
  bitrateBps: z.int().min(0),
  frameRate: z.number().min(0).nullable(),
  width: z.int().min(0).nullable(),
  height: z.int().min(0).nullable(),
  /** Between the newest two key frames, or since the newest when that is longer; browsers send them when asked. */
  keyFrameIntervalMs: z.number().min(0).nullable().default(null),
  /** Part of the packets that didn't arrive, 0 to 1. */
  packetLoss: z.number().min(0).max(1).nullable(),
  /** Null for senders that don't answer to extended reports (RFC 3611); browsers do. */
  roundTripTimeMs: z.number().min(0).nullable(),
  jitterMs: z.number().min(0).nullable(),
});
export type StagePeerHealth = z.infer<typeof stagePeerHealth>;

/** One thing that somebody on stage should know, with a fixed code so that it can be translated. */
export const stageWarning = z.object({
  code: z.enum(['packetLoss', 'longRoundTrip', 'lowFrameRate', 'lowBitrate']),
  peerId,
  /** A plain English sentence with the numbers at hand and what may help. */
  message: z.string().max(500),
});
export type StageWarning = z.infer<typeof stageWarning>;

/** The newest reports of all nodes of a session's room; those of the last seconds only. */
export const stageHealth = z.object({
  sessionId,
  /** Of the newest report; null without one. */
  at: isoDate.nullable(),
  peers: z.array(stagePeerHealth),
  warnings: z.array(stageWarning),
});
export type StageHealth = z.infer<typeof stageHealth>;
