import { z } from 'zod';
import { isoDate, sessionId, userId } from '../ids.ts';
import { peerId } from './joinToken.ts';
import { mediaSource } from './media.ts';

/** Pictures on their way from somebody on stage, in the time that a report is of. */
const pictureCounts = {
  /** Of which something came. */
  received: z.int().min(0),
  /** Came later than they should have: see where they are counted. */
  late: z.int().min(0),
};

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
  /**
   * Seen by RTP, since the report before. Late: more than 0.3 s later than the quickest of the last 5 to 10 s. Lost: packets of it
   * never came, also not when they were asked for again. What its sender skipped is not among them.
   */
  frames: z
    .object({ ...pictureCounts, lost: z.int().min(0) })
    .nullable()
    .default(null),
});
export type StagePeerHealth = z.infer<typeof stagePeerHealth>;

/** How the pictures of people get into the broadcast that is composed of the stage, in the last `windowSec`. */
export const stageComposition = z.object({
  windowSec: z.number().min(0),
  /** Pictures of the broadcast. */
  made: z.int().min(0),
  /** Left out, as the worker that composes had too little processor. */
  skipped: z.int().min(0),
  people: z
    .array(
      z.object({
        peerId,
        source: mediaSource,
        /** Late: whole only after the moment in which it was to be shown. */
        ...pictureCounts,
        /** Torn by lost packets, or in need of one that was: viewers see the picture before for longer. */
        dropped: z.int().min(0),
      }),
    )
    .max(80),
});
export type StageComposition = z.infer<typeof stageComposition>;

/** One thing that somebody on stage should know, with a fixed code so that it can be translated. */
export const stageWarning = z.object({
  code: z.enum([
    'packetLoss',
    'longRoundTrip',
    'jitter',
    'lostFrames',
    'lateFrames',
    'lowFrameRate',
    'lowBitrate',
    'broadcastStutters',
  ]),
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
  /** Null while no worker composes the stage. */
  composition: stageComposition.nullable().default(null),
  warnings: z.array(stageWarning),
});
export type StageHealth = z.infer<typeof stageHealth>;
