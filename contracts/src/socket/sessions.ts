import { z } from 'zod';
import { errorCode } from '../errors.ts';
import { sessionId } from '../ids.ts';
import { publicUser, session } from '../sessions.ts';
import { seat, stage } from '../stage/seats.ts';
import { message } from './message.ts';

/** What is asked about sessions. */
export const sessionMessages = {
  /** Join the room of a session; 20 rooms at most. */
  'session:subscribe': message({
    access: 'anybody',
    input: z.object({ sessionId }),
    output: z.object({ session }),
  }),
  'session:unsubscribe': message({
    access: 'anybody',
    input: z.object({ sessionId }),
    output: z.object({}),
  }),
};

/** What is told about sessions and their stages. */
export const sessionEvents = {
  /** Something about the session changed; the whole session as REST gives it. */
  'session:updated': z.object({ session }),
  /** To the person, or to all of its room: they hear no more of the session, and why. Who is still let in may subscribe again. */
  'session:closed': z.object({ sessionId, code: errorCode }),
  /** To subscribers of the session: who is on stage or has a seat changed. */
  'stage:updated': z.object({ stage }),
  /** To the person: the host invites them on stage. */
  'stage:invited': z.object({ seat, title: z.string(), host: publicUser }),
  /** To the person and to the host: the seat changed. */
  'stage:seatChanged': z.object({ seat }),
} as const;
