import { z } from 'zod';
import { isoDate, playbackId, sessionId } from './ids.ts';
import { endReason } from './sessions.ts';

/**
 * What the api wants of a live session, kept in Redis under `controlKey(sessionId)` and announced on a channel
 * of the same name. The api writes it; the worker's job and ingest read it. The newest document wins.
 */
export const controlDocument = z.object({
  sessionId,
  playbackId,
  desired: z.enum(['run', 'stop']),
  /** Set when `desired` is `stop`. */
  stopReason: endReason.nullable(),
  /** Epoch of the newest authorised connection. */
  epoch: z.int().min(0),
  /** Null while no publisher is connected. `relayUrl` is ingest's HTTP-FLV address, played with a relay token. */
  source: z.object({ relayUrl: z.url(), epoch: z.int().min(1) }).nullable(),
  /** While interrupted: when the session ends unless the publisher returns. */
  graceDeadlineAt: isoDate.nullable(),
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

/** Claims of a relay token (JWT, HS256, INTERNAL_SECRET, at most 60 s): who may play which relay path. */
export const relayClaims = z.object({
  aud: z.literal('relay'),
  /** Path of the relay URL, for example `/relay/<sessionId>/<epoch>.flv`. */
  path: z.string(),
  iat: z.int(),
  exp: z.int(),
});
