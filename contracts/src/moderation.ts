import { z } from 'zod';
import { cleanLine } from './cleanText.ts';
import { isoDate, sessionId, userId } from './ids.ts';
import { publicUser } from './sessions.ts';

/** Why a sanction is made; whom it concerns is told. */
export const sanctionReason = z.string().max(1_000).overwrite(cleanLine).max(200);
/** Seconds, a year at most; null: until it is lifted. */
export const sanctionDurationSec = z.int().min(1).max(31_536_000).nullable().default(null);

/**
 * What a ban includes beside the account, so that who is banned does not come back as a guest. Devices are those that the
 * person was seen with within a week. Addresses, of a day, may be shared with others: only by choice, and for a time.
 */
export const banIncludes = {
  devices: z.boolean().default(true),
  /** Seconds for which guests from these addresses are refused, a week at most; null: they are not. */
  addressesForSec: z.int().min(60).max(604_800).nullable().default(null),
};
/** How many devices and addresses a ban includes. */
export const banIncluded = {
  devices: z.int(),
  addresses: z.int(),
  addressesUntil: isoDate.nullable(),
};

/** Somebody who may read the chat of a session and not write in it. */
export const chatMute = z.object({
  user: publicUser,
  reason: z.string().nullable(),
  createdAt: isoDate,
  /** It ends then by itself (a time-out); null: when it is lifted. */
  until: isoDate.nullable(),
});
export type ChatMute = z.infer<typeof chatMute>;
const inSession = z.object({ id: sessionId });
export const chatMuteInput = inSession.extend({
  userId,
  reason: sanctionReason.nullable().default(null),
  durationSec: sanctionDurationSec,
});
export type ChatMuteInput = z.infer<typeof chatMuteInput>;
export const kickInput = inSession.extend({ userId, reason: sanctionReason.nullable().default(null) });
export type KickInput = z.infer<typeof kickInput>;

/** Somebody whom the platform lets in no more: banned, or suspended until a time. */
export const accountBan = z.object({
  user: publicUser,
  reason: z.string(),
  createdAt: isoDate,
  expiresAt: isoDate.nullable(),
  ...banIncluded,
});
export type AccountBan = z.infer<typeof accountBan>;
export const requiredReason = sanctionReason.min(1);
export const accountBanInput = z.object({
  id: userId,
  reason: requiredReason,
  durationSec: sanctionDurationSec,
  ...banIncludes,
});
export type AccountBanInput = z.infer<typeof accountBanInput>;
export const accountUnbanInput = z.object({
  id: userId,
  reason: sanctionReason.nullable().default(null),
});
export const streamKeyDisableInput = z.object({ id: z.uuid(), reason: requiredReason });
export const messageDeleteInput = z.object({ id: z.uuid(), reason: requiredReason });
export const recordingSanctionInput = inSession.extend({ reason: requiredReason });
export type RecordingSanctionInput = z.infer<typeof recordingSanctionInput>;
export const recordingShowInput = inSession.extend({ reason: sanctionReason.nullable().default(null) });
/** The host is told the reason when somebody else ends the session. */
export const sessionEndInput = inSession.extend({ reason: sanctionReason.nullable().default(null) });
