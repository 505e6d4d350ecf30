import { z } from 'zod';
import { auditAction } from './audit.ts';
import { cleanText } from './cleanText.ts';
import { isoDate, userId } from './ids.ts';
import { pageInput } from './people.ts';
import { publicUser } from './sessions.ts';

/**
 * What can be reported. `chatMessage` is one of a session's chat, `message` one of a conversation. A recording (a video) is
 * reported as its `session`: the snapshot's `recording` says whether there was one (`recordingState`).
 */
export const reportTargetKind = z.enum(['user', 'session', 'chatMessage', 'message', 'status']);
export type ReportTargetKind = z.infer<typeof reportTargetKind>;
export const reportCategory = z.enum([
  'spam',
  'harassment',
  'hate',
  'sexual',
  'violence',
  'selfHarm',
  'illegal',
  'copyright',
  'other',
]);
/** `open` until a moderator has decided. */
export const reportState = z.enum(['open', 'resolved', 'dismissed']);

const target = z.object({ kind: reportTargetKind, id: z.uuid() });
const reportText = z.string().max(2_000).overwrite(cleanText).max(1_000);
export const reportInput = z.object({
  target,
  category: reportCategory,
  /** What the reporter says of it. */
  text: reportText.default(''),
});
export type ReportInput = z.infer<typeof reportInput>;

/** A report as its reporter sees it. */
export const report = z.object({
  id: z.uuid(),
  target,
  category: reportCategory,
  text: z.string(),
  state: reportState,
  createdAt: isoDate,
});
export type Report = z.infer<typeof report>;

/** What was reported as it was then, by its kind; empty once its owner's account was deleted. */
export const reportSnapshot = z.record(z.string(), z.union([z.string(), z.number(), z.null()]));
export type ReportSnapshot = z.infer<typeof reportSnapshot>;

/** A report as moderators see it. */
export const reportDetails = report.extend({
  reporter: publicUser.nullable(),
  /** Whose it is that was reported, or who. */
  user: publicUser.nullable(),
  snapshot: reportSnapshot,
  /** The moderator who looks at it. */
  assignee: publicUser.nullable(),
  /** Who decided. */
  decidedBy: publicUser.nullable(),
  decidedAt: isoDate.nullable(),
  /** What was done, when something was. */
  action: auditAction.nullable(),
  note: z.string().nullable(),
});
export type ReportDetails = z.infer<typeof reportDetails>;

export const reportListInput = pageInput.extend({
  state: reportState.default('open'),
  kind: reportTargetKind.optional(),
  category: reportCategory.optional(),
  /** Whose things were reported. */
  userId: userId.optional(),
  /** Assigned to them. */
  assigneeId: userId.optional(),
});
export type ReportListInput = z.infer<typeof reportListInput>;
export const reportPage = z.object({ items: z.array(reportDetails), nextCursor: z.string().nullable() });
export type ReportPage = z.infer<typeof reportPage>;

const byId = z.object({ id: z.uuid() });
/** Null: to nobody any more. */
export const reportAssignInput = byId.extend({ assigneeId: userId.nullable() });
const note = z.string().max(2_000).overwrite(cleanText).max(500);
/** `action` is what was done, as the audit log has it. */
export const reportResolveInput = byId.extend({ action: auditAction, note: note.nullable().default(null) });
export const reportDismissInput = byId.extend({ note: note.nullable().default(null) });
