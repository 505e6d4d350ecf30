import { z } from 'zod';
import { isoDate, sessionId } from '../ids.ts';
import { chatMute, chatMuteInput, kickInput } from '../moderation.ts';
import { publicUser } from '../sessions.ts';
import { seatOfInput, sessionBan, sessionBanInput } from '../stage/seats.ts';
import { message } from './message.ts';

/** Sanctions in a session, as over REST: by its host, room moderators, moderators and admins. */
export const moderationMessages = {
  /** For a time (a time-out), or until it is lifted; again it is changed. */
  'chat:mute': message({ access: 'signedIn', input: chatMuteInput, output: z.object({ mute: chatMute }) }),
  'chat:unmute': message({ access: 'signedIn', input: seatOfInput, output: z.object({}) }),
  'session:kick': message({ access: 'signedIn', input: kickInput, output: z.object({}) }),
  /** With the devices and addresses that are asked for; out of chat, room and stage at once, and their playback ends. */
  'session:ban': message({
    access: 'signedIn',
    input: sessionBanInput,
    output: z.object({ ban: sessionBan }),
  }),
  'session:unban': message({ access: 'signedIn', input: seatOfInput, output: z.object({}) }),
};

/** What is told to the person whom it concerns, on all devices. */
export const moderationEvents = {
  /** They may not write in the chat of the session, until then (null: until it is lifted). */
  'chat:muted': z.object({ sessionId, until: isoDate.nullable(), reason: z.string().nullable() }),
  /** They may write again. */
  'chat:unmuted': z.object({ sessionId }),
  /** Whether they moderate the rooms of a host from now on: who has such a chat open joins it anew (`chat:leave`, `chat:join`). */
  'moderator:changed': z.object({ host: publicUser, isModerator: z.boolean() }),
} as const;
