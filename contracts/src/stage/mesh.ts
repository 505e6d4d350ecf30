import { z } from 'zod';
import { sessionId } from '../ids.ts';
import { sessionType } from '../sessions.ts';
import { peerId } from './joinToken.ts';
import { mediaKind, mediaSource, rtpParameters } from './media.ts';
import { sfuNode, whom } from './nodes.ts';
import { leaveReason, peerInfo, producerInfo, srtpParameters } from './signaling.ts';

/** Most producers that a node tells of in one room: a full stage, each with one of each source. */
const mostProducers = 80;
const mostPeers = 20;
/** Most ended pipes that it tells of, the newest last: those of two other nodes with a full stage each. */
export const mostSweptPipes = 160;

const encoding = z.object({
  scalabilityMode: z.string().max(16).optional(),
  scaleResolutionDownBy: z.number().optional(),
});

/**
 * What an sfu node tells the others of a room that it has: all of it each time, so that a word that got lost is made good by
 * the next one. Of one run of a node (`runId`) the highest `revision` counts.
 */
export const meshRoomState = z.object({
  sessionId,
  sessionType,
  nodeId: sfuNode.shape.nodeId,
  /** Of the node's process: a new one knows nothing of what an earlier one piped. */
  runId: z.uuid(),
  revision: z.int().min(0),
  /** Where the other nodes ask for pipes. */
  internalUrl: sfuNode.shape.internalUrl,
  /** People connected to this node. */
  audience: z.int().min(0),
  /** Those on stage who are connected to this node. `joinedAtMs` (Unix time) tells which of two with one id is newer. */
  peers: z.array(peerInfo.extend({ joinedAtMs: z.int() })).max(mostPeers),
  /** Who went off the stage last, and why. */
  left: z.array(z.object({ peerId, reason: leaveReason })).max(mostPeers),
  /** What they send; `pausedBy` has both of the pauses in it. */
  producers: z
    .array(
      producerInfo.extend({
        ownerPaused: z.boolean(),
        hostPaused: z.boolean(),
        encodings: z.array(encoding).max(4),
        /** Of pictures: how large the highest layer is, null before it was seen. */
        size: z.object({ width: z.int().positive(), height: z.int().positive() }).nullable().default(null),
        /** Of sound: its packets say how loud they are (RFC 6464). */
        tellsLevel: z.boolean().default(true),
      }),
    )
    .max(mostProducers),
  /** Whom the host has muted, also for what they send later on another node. */
  mutes: z.array(z.object({ whom, source: mediaSource.nullable() })).max(200),
  /** Pipes that the node has ended without being asked, since it saw nothing of the other end: who is still there asks anew. */
  swept: z.array(z.uuid()).max(mostSweptPipes).default([]),
  /** The node has closed the room. */
  closed: z.boolean(),
});
export type MeshRoomState = z.infer<typeof meshRoomState>;

/** Channel on which a state is told when it changes. */
export const meshChannel = (session: string): string => `maydan:sfu:rooms:${session}`;
/** Key of a node's state of a room, for those who come later; expires after `sfuNodeTtlMs` unless the node renews it. */
export const meshStateKey = (session: string, nodeId: string): string => `${meshChannel(session)}:${nodeId}`;

const pipeEnd = z.object({
  ip: z.union([z.ipv4(), z.ipv6()]),
  port: z.int().min(1).max(65_535),
  /** Null: RTP as it is. */
  srtp: srtpParameters.nullable(),
});
export type PipeEnd = z.infer<typeof pipeEnd>;

/** `POST /internal/rooms/{sessionId}/pipes`: a node asks for what is sent on another. It has made its end already. */
export const pipeInput = z.object({
  /** Chosen by who asks, who can thus also take back what was not answered in time. */
  pipeId: z.uuid(),
  nodeId: sfuNode.shape.nodeId,
  runId: z.uuid(),
  producerId: z.string().min(1).max(64),
  end: pipeEnd,
});
export type PipeInput = z.infer<typeof pipeInput>;
export const pipeOutput = z.object({
  end: pipeEnd,
  kind: mediaKind,
  rtpParameters,
});
export type PipeOutput = z.infer<typeof pipeOutput>;
