import { z } from 'zod';
import { sessionId, userId } from '../ids.ts';
import { sessionType } from '../sessions.ts';
import { viewer } from '../viewing.ts';

/**
 * What somebody may do in a room. `host` and `cohost` are on stage: they send and receive. A `viewer` only receives and is
 * not shown to others. `egress` (a worker that composes the stage) and `ingress` (a worker that brings an RTMP source in)
 * are our own services.
 */
export const stageRole = z.enum(['host', 'cohost', 'viewer', 'egress', 'ingress']);
export type StageRole = z.infer<typeof stageRole>;
/** Roles that send media and are shown to others. */
export const onStageRoles: readonly StageRole[] = ['host', 'cohost', 'ingress'];

export const peerId = z.uuid();

/** Seconds a join token may be used to connect, or to connect again after a loss. */
export const joinTokenLifetimeSec = 600;

/** Claims of a join token: JWT, HS256 with INTERNAL_SECRET, audience `sfu`. The api mints it for people, a worker for itself. */
export const joinClaims = z.object({
  aud: z.literal('sfu'),
  /** One device or tab. Connecting again with the same id resumes. */
  peerId,
  sessionId,
  role: stageRole,
  /** Null for people who aren't signed in, and for our services. */
  userId: userId.nullable(),
  displayName: z.string().max(60),
  sessionType,
  /** As whom the sfu counts them while they are connected; missing for who isn't counted, or sends heartbeats. */
  viewer: viewer.optional(),
  iat: z.int(),
  exp: z.int(),
});
export type JoinClaims = z.infer<typeof joinClaims>;
