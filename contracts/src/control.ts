import { z } from 'zod';
import { isoDate, playbackId, sessionId, userId } from './ids.ts';
import { endReason, sessionType, stageLayout } from './sessions.ts';
import { peerId } from './stage/joinToken.ts';

/**
 * What the api wants of a live session, kept in Redis under `controlKey(sessionId)` and announced on a channel
 * of the same name. The api writes it; the worker's job and ingest read it. The newest document wins: that of the highest revision.
 */
export const controlDocument = z.object({
  sessionId,
  playbackId,
  desired: z.enum(['run', 'stop']),
  /** Set when `desired` is `stop`. */
  stopReason: endReason.nullable(),
  /** Epoch of the newest authorised connection. */
  epoch: z.int().min(0),
  /**
   * What is shown: the relay of the RTMP publisher or of the composed stage, played with a relay token; null while there is
   * none. The number in the address is the one its publisher was given. `epoch` is of this choice and may be newer: when the
   * stage ends, the RTMP publisher that is still on the line becomes the source again, under a new epoch.
   */
  source: z.object({ relayUrl: z.url(), epoch: z.int().min(1) }).nullable(),
  /**
   * The RTMP publisher on the line, null without one: what `live.forward` brings into the room. It has the relay address of
   * `source` unless the stage is what is shown.
   */
  rtmp: z
    .object({ relayUrl: z.url(), epoch: z.int().min(1) })
    .nullable()
    .default(null),
  /** How the composed stage is arranged. */
  stageLayout: stageLayout.default('grid'),
  /** RTMP connections of lower epochs were taken over, by a newer one or by WHIP, and have to go. */
  dropRtmpBelow: z.int().min(0).default(0),
  /** While interrupted: when the session ends unless the publisher returns. */
  graceDeadlineAt: isoDate.nullable(),
  /** Grows with each change of the session's row; several api processes write, whose clocks may differ. */
  revision: z.int().min(0).default(0),
  /** By the clock of the api process that changed the row: for people who look. */
  updatedAt: isoDate,
});
export type ControlDocument = z.infer<typeof controlDocument>;
export const controlKey = (id: string): string => `maydan:session:${id}:control`;

/** Channel on which the api tells ingest to drop a publisher at once (revoked key, ban, end of session). */
export const ingestCommandChannel = 'maydan:ingest:commands';
export const ingestCommand = z.object({
  type: z.literal('drop'),
  sessionId,
  /** Connections of this epoch and older are dropped. */
  epoch: z.int(),
  reason: z.enum(['revoked', 'ended', 'takenOver']),
});
export type IngestCommand = z.infer<typeof ingestCommand>;

/** Question of ingest to the api: `POST /internal/ingest/authorize`, bearer token of `mintInternalToken('ingest')`. */
export const ingestAuthorizeInput = z.object({
  app: z.string().max(100),
  streamKey: z.string().max(300),
  connectionId: z.string().max(100),
  remoteAddress: z.string().max(100),
});
export type IngestAuthorizeInput = z.infer<typeof ingestAuthorizeInput>;
export const ingestAuthorizeOutput = z.object({ sessionId, playbackId, epoch: z.int().min(1) });
export type IngestAuthorizeOutput = z.infer<typeof ingestAuthorizeOutput>;

/**
 * Question of a worker that is about to publish a composed stage: `POST /internal/stage/authorize`, bearer token of
 * `mintInternalToken('workers')`. Raises the session's epoch and drops nobody; refused with `not_found`, and with
 * `wrong_state` when the session is over. The answer is `ingestAuthorizeOutput`. A composite that publishes and for some
 * seconds isn't the `source` of the control document asks again: its source was given up as lost.
 */
export const stageAuthorizeInput = z.object({ sessionId, connectionId: z.string().max(100) });
export type StageAuthorizeInput = z.infer<typeof stageAuthorizeInput>;

/**
 * Question of the sfu on a WHIP request: `POST /internal/whip/authorize`, bearer token of `mintInternalToken('sfu')`.
 * Finds or makes the session of the stream key's owner, without raising its epoch; refused like an RTMP publish. The
 * newest publish takes over: an RTMP publisher and an older WHIP peer of the session are dropped.
 */
export const whipAuthorizeInput = z.object({
  streamKey: z.string().max(300),
  connectionId: z.string().max(100),
  remoteAddress: z.string().max(100),
});
export type WhipAuthorizeInput = z.infer<typeof whipAuthorizeInput>;
export const whipAuthorizeOutput = z.object({
  sessionId,
  playbackId,
  sessionType,
  /** The id that this publish has to join the room with, as `host`: by it the api drops it when another takes over. */
  peerId,
  userId,
  displayName: z.string(),
});
export type WhipAuthorizeOutput = z.infer<typeof whipAuthorizeOutput>;

/** Claims of a relay token (JWT, HS256, INTERNAL_SECRET, at most 60 s): who may play which relay path. */
export const relayClaims = z.object({
  aud: z.literal('relay'),
  /** Path of the relay URL, for example `/relay/<sessionId>/<epoch>.flv`. */
  path: z.string(),
  iat: z.int(),
  exp: z.int(),
});
