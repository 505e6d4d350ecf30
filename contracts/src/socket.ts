import { z } from 'zod';
import { session } from './sessions.ts';
import { sessionId } from './ids.ts';

/** Socket.IO events of the api, default namespace. Payloads are parsed with these schemas on arrival. */
export const clientEvents = {
  /** Join the room of a session; acknowledged with the session or an error body. */
  'session:subscribe': z.object({ sessionId }),
  'session:unsubscribe': z.object({ sessionId }),
} as const;
export const serverEvents = {
  /** Something about the session changed; the whole session as REST gives it. */
  'session:updated': z.object({ session }),
} as const;
