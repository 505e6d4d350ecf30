import { z } from 'zod';
import { endedSession } from '../analytics.ts';
import { errorCode } from '../errors.ts';
import { sessionId } from '../ids.ts';
import { sessionEndInput } from '../moderation.ts';
import { listedUser } from '../people.ts';
import { publicUser, session, sessionCreateInput, sessionUpdateInput } from '../sessions.ts';
import { seat, seatOfInput, stage } from '../stage/seats.ts';
import { maxPacketBytes, message } from './message.ts';

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
  /** This and what follows as over REST, for hosts (of other people's sessions: moderators and admins). Sent again it prepares another one. */
  'session:create': message({
    access: 'signedIn',
    input: sessionCreateInput,
    output: z.object({ session }),
    maxBytes: maxPacketBytes,
  }),
  'session:update': message({
    access: 'signedIn',
    input: sessionUpdateInput,
    output: z.object({ session }),
    maxBytes: maxPacketBytes,
  }),
  /** For good, with what became of it. */
  'session:end': message({
    access: 'signedIn',
    input: sessionEndInput,
    output: z.object({ session: endedSession }),
  }),
  /** Into a private session; the person is told once. */
  'session:invite': message({
    access: 'signedIn',
    input: seatOfInput,
    output: z.object({ invited: listedUser }),
  }),
  'session:uninvite': message({ access: 'signedIn', input: seatOfInput, output: z.object({}) }),
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
