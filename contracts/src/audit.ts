import { z } from 'zod';
import { isoDate, userId } from './ids.ts';
import { pageInput } from './people.ts';
import { publicUser } from './sessions.ts';

/** All acts that the audit log knows, as `noun.pastParticiple`. */
export const auditAction = z.enum([
  'chat.messageDeleted',
  'chat.messagePinned',
  'chat.messageUnpinned',
  'chat.rulesChanged',
  'chat.muted',
  'chat.unmuted',
  'bannedWord.added',
  'bannedWord.removed',
  'session.banned',
  'session.unbanned',
  'session.tracesCleared',
  'session.kicked',
  'session.changed',
  'session.ended',
  'recording.hidden',
  'recording.shown',
  'recording.deleted',
  'invitation.added',
  'invitation.removed',
  'stage.seatRemoved',
  'stage.deviceMuted',
  'stage.deviceRemoved',
  'status.deleted',
  'message.deleted',
  'roomModerator.appointed',
  'roomModerator.dismissed',
  'user.banned',
  'user.unbanned',
  'user.tracesCleared',
  'streamKey.disabled',
  'report.assigned',
  'report.resolved',
  'report.dismissed',
  'category.added',
  'category.changed',
  'gift.added',
  'gift.changed',
  'sentGift.returned',
  'leaderboards.rebuilt',
  'withdrawal.approved',
  'withdrawal.rejected',
  'withdrawal.paid',
  'deposit.refunded',
  'user.roleChanged',
  'user.signedOut',
  'user.deleted',
  'user.secondFactorRemoved',
  'giftAsset.added',
  'job.retried',
  'job.removed',
  'queue.retried',
  'queueBoard.opened',
]);
export type AuditAction = z.infer<typeof auditAction>;

/** What somebody was when they acted. `system`: the platform by itself. */
export const auditRole = z.enum(['host', 'roomModerator', 'moderator', 'admin', 'system']);
export type AuditRole = z.infer<typeof auditRole>;

export const auditTargetKind = z.enum([
  'user',
  'session',
  'chatMessage',
  'message',
  'stageDevice',
  'status',
  'streamKey',
  'report',
  'bannedWord',
  'category',
  'gift',
  'sentGift',
  'leaderboards',
  'withdrawal',
  'deposit',
  'giftAsset',
  'job',
  'queue',
  'queueBoard',
]);
export type AuditTargetKind = z.infer<typeof auditTargetKind>;

/** Of the act: ids, numbers and words of the platform; nothing that somebody wrote. */
export const auditDetails = z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()]));
export type AuditDetails = z.infer<typeof auditDetails>;

/** An act of a host, moderator or admin. Entries stay for ever; of deleted people nothing but the id is left in them. */
export const auditEntry = z.object({
  /** In the order of time. */
  id: z.uuid(),
  at: isoDate,
  /** Null: the platform by itself. */
  actor: publicUser.nullable(),
  role: auditRole,
  action: auditAction,
  target: z.object({ kind: auditTargetKind, id: z.string() }),
  /** Whom it concerned, when that is one person. */
  user: publicUser.nullable(),
  reason: z.string().nullable(),
  details: auditDetails,
  /** Of the request or socket by which it came, as the logs have it. */
  requestId: z.string().nullable(),
});
export type AuditEntry = z.infer<typeof auditEntry>;

/** `userId` is whom it concerned; `from` and `to` are the first moment and the one behind the last. */
export const auditListInput = pageInput.extend({
  actorId: userId.optional(),
  userId: userId.optional(),
  targetId: z.string().trim().min(1).max(100).optional(),
  action: auditAction.optional(),
  from: isoDate.optional(),
  to: isoDate.optional(),
});
export type AuditListInput = z.infer<typeof auditListInput>;
export const auditPage = z.object({ items: z.array(auditEntry), nextCursor: z.string().nullable() });
export type AuditPage = z.infer<typeof auditPage>;
