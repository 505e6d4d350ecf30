import { z } from 'zod';
import { publicUser, session } from './sessions.ts';
import { sessionId } from './ids.ts';
import { seat, stage } from './stage/seats.ts';

/**
 * Socket.IO events of the api, default namespace. Payloads are parsed with these schemas on arrival. A handshake with
 * `auth: { token }` (an access token) also gets what is for its user; one that is expired or not valid is refused, with the
 * error body as `data` of `connect_error`.
 */
export const clientEvents = {
  /** Join the room of a session; acknowledged with the session or an error body. */
  'session:subscribe': z.object({ sessionId }),
  'session:unsubscribe': z.object({ sessionId }),
} as const;
export const serverEvents = {
  /** Something about the session changed; the whole session as REST gives it. */
  'session:updated': z.object({ session }),
  /** To subscribers of the session: who is on stage or has a seat changed. */
  'stage:updated': z.object({ stage }),
  /** To the person: the host invites them on stage. */
  'stage:invited': z.object({ seat, title: z.string(), host: publicUser }),
  /** To the person and to the host: the seat changed. */
  'stage:seatChanged': z.object({ seat }),
} as const;
