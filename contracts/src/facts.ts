import { z } from 'zod';
import { isoDate, playbackId, renditionId, sessionId, userId } from './ids.ts';
import { mediaId, mediaOutcome, mediaRemoval } from './media.ts';
import { endReason, streamHealth } from './sessions.ts';
import { peerId, stageRole } from './stage/joinToken.ts';
import { stageComposition, stagePeerHealth } from './stage/health.ts';
import { leaveReason } from './stage/signaling.ts';

/** Redis Stream that carries facts from ingest, workers and sfu up to the api; field `fact` holds the JSON. */
export const factStream = 'maydan:facts';
export const factGroup = 'api';

const base = { sessionId, at: isoDate };
/** Each authorised publish raises the session's epoch; a fact of an older epoch is history and changes nothing. */
const epoch = z.int().min(1);
/** Number of the worker's run on a playback; see docs/GLOSSARY.md. */
const fence = z.int().min(1);

export const fact = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('ingest.published'),
    ...base,
    epoch,
    connectionId: z.string(),
    relayUrl: z.url(),
    /** What the relay plays: a publisher's own stream, or the stage as a worker composes it. */
    sourceKind: z.enum(['rtmp', 'stage']).default('rtmp'),
  }),
  z.object({
    type: z.literal('ingest.unpublished'),
    ...base,
    epoch,
    connectionId: z.string(),
    reason: z.enum(['closed', 'takenOver', 'timedOut', 'revoked', 'ended', 'shutdown', 'badData']),
  }),
  /** A host or co-host (not `ingress`) on this sfu node sends media, and none on that node did before. */
  z.object({ type: z.literal('stage.started'), ...base, nodeId: z.string() }),
  /** No host or co-host on this node sends media any more. */
  z.object({ type: z.literal('stage.stopped'), ...base, nodeId: z.string() }),
  /** Somebody came on stage or left it: the host and co-hosts, by WebRTC or WHIP. */
  z.object({
    type: z.literal('stage.peerJoined'),
    ...base,
    nodeId: z.string(),
    peerId,
    userId: userId.nullable(),
    role: stageRole,
  }),
  z.object({
    type: z.literal('stage.peerLeft'),
    ...base,
    nodeId: z.string(),
    peerId,
    userId: userId.nullable(),
    role: stageRole,
    reason: leaveReason,
  }),
  /** Every few seconds while somebody on stage of this node sends: how well it arrives. */
  z.object({
    type: z.literal('stage.health'),
    ...base,
    nodeId: z.string(),
    peers: z.array(stagePeerHealth).max(80),
  }),
  /** Every few seconds while a worker publishes the stage: how the pictures of people get into the broadcast. */
  z.object({ type: z.literal('stage.composed'), ...base, composition: stageComposition }),
  /** A worker has begun the session's job. */
  z.object({ type: z.literal('live.accepted'), ...base, playbackId, fence, workerId: z.string() }),
  /** The source of this epoch can be played; sent once per epoch. */
  z.object({
    type: z.literal('live.ready'),
    ...base,
    playbackId,
    epoch,
    fence,
    renditions: z.array(renditionId),
    audioOnly: z.boolean(),
  }),
  /** The worker lost the source of this epoch (also when ingest itself died and can't say so). */
  z.object({ type: z.literal('live.sourceLost'), ...base, epoch, fence, reason: z.string().max(200) }),
  z.object({ type: z.literal('live.health'), ...base, health: streamHealth }),
  z.object({
    type: z.literal('live.ended'),
    ...base,
    playbackId,
    fence,
    /** Null: ended as it was told to. */
    failure: endReason.nullable(),
    durationMs: z.int().min(0),
    byteLength: z.int().min(0),
    /** False when nothing was recorded. */
    recorded: z.boolean(),
  }),
  /** A restream target of the session's host has another state; Redis has the newest (`restreamStatusKey`). */
  z.object({ type: z.literal('restream.changed'), ...base, targetId: z.uuid() }),
  /** Nothing is stored of a playback any more. */
  z.object({ type: z.literal('recording.removed'), ...base, playbackId }),
  z.object({
    type: z.literal('vod.imagesReady'),
    ...base,
    playbackId,
    /** Paths relative to the playback. */
    posterPath: z.string(),
    storyboardPath: z.string().nullable(),
  }),
  z.object({ type: z.literal('media.checked'), at: isoDate, mediaId, outcome: mediaOutcome }),
  /** The storage had nothing of it any more. */
  z.object({ type: z.literal('media.removed'), at: isoDate, mediaId, what: mediaRemoval }),
]);
export type Fact = z.infer<typeof fact>;
export type FactOf<T extends Fact['type']> = Extract<Fact, { type: T }>;
