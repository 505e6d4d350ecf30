import { z } from 'zod';
import { isoDate, sessionId } from './ids.ts';
import { pageInput } from './people.ts';
import { publicUser, sessionType } from './sessions.ts';

export const notificationType = z.enum([
  'follow',
  'gift',
  'comment',
  'message',
  'stream',
  'system',
  'invitation',
  'reminder',
]);
export type NotificationType = z.infer<typeof notificationType>;

/** A text of ours in the languages of the page. */
const inBothLanguages = z.object({ en: z.string().min(1).max(500), ar: z.string().min(1).max(500) });

/** What a notification is about, by its type; the newest, when it has become one of several. */
export const notificationData = {
  /** Somebody follows the user. */
  follow: z.object({}),
  /** Somebody sent a gift in a session. */
  gift: z.object({ sessionId, gift: z.string().max(100), quantity: z.int().min(1) }),
  /** Somebody commented on a video of the user. */
  comment: z.object({ videoId: z.uuid(), title: z.string().max(200) }),
  /** Somebody wrote in a direct conversation. */
  message: z.object({ conversationId: z.uuid() }),
  /** Somebody whom the user follows is live. */
  stream: z.object({ sessionId, title: z.string().max(200), sessionType }),
  /** The platform says something. */
  system: z.object({ title: inBothLanguages, body: inBothLanguages }),
  /** A host lets the user into a private session. */
  invitation: z.object({ sessionId, title: z.string().max(200), sessionType }),
  /** A session that the user wants to be reminded of begins soon, or has begun. */
  reminder: z.object({
    sessionId,
    title: z.string().max(200),
    sessionType,
    moment: z.enum(['soon', 'live']),
    scheduledStartAt: isoDate.nullable(),
  }),
} as const satisfies Record<NotificationType, z.ZodType>;
export type NotificationData<T extends NotificationType> = z.infer<(typeof notificationData)[T]>;

const shared = {
  id: z.uuid(),
  /** Those who did it, the newest first, 3 at most; accounts that are gone, or hidden by a block, are left out. */
  actors: z.array(publicUser),
  /** How many did it, without those whom a block hides; 0: the platform itself. */
  actorCount: z.int(),
  /** How often it happened: notifications of one kind become one while they are unread. */
  count: z.int(),
  /** When it happened last: the list goes by it. */
  at: isoDate,
  readAt: isoDate.nullable(),
};
const of = <T extends NotificationType>(type: T) =>
  z.object({ ...shared, type: z.literal(type), data: notificationData[type] });

/** Something that somebody is told. Its text is made from type and data by whoever shows it. */
export const notification = z.discriminatedUnion('type', [
  of('follow'),
  of('gift'),
  of('comment'),
  of('message'),
  of('stream'),
  of('system'),
  of('invitation'),
  of('reminder'),
]);
export type Notification = z.infer<typeof notification>;

/** At most 1,000: so many, or more. */
export const unreadCount = z.int().min(0).max(1_000);

export const notificationListInput = pageInput.extend({
  type: notificationType.optional(),
  only: z.literal('unread').optional(),
});
export const notificationPage = z.object({ items: z.array(notification), nextCursor: z.string().nullable() });
export type NotificationPage = z.infer<typeof notificationPage>;
/** The ids, or with `all` everything up to a time: what came after what the person has seen stays unread. */
export const notificationReadInput = z.union([
  z.strictObject({ ids: z.array(z.uuid()).min(1).max(100) }),
  z.strictObject({ all: z.literal(true), until: isoDate }),
]);
export type NotificationReadInput = z.infer<typeof notificationReadInput>;
export const notificationsUnread = z.object({ unread: unreadCount });

const wish = z.object({
  /** In the list and as live events. */
  inApp: z.boolean(),
  /** To devices. */
  push: z.boolean(),
});
/** `HH:MM` of a day. */
const timeOfDay = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'must be a time like 22:30');
/** An IANA name, such as `Asia/Riyadh`. */
export const timeZone = z.string().max(64).refine(isTimeZone, 'is not a time zone');

/** Pushes are held back from one time of the day to another; those that mean nothing later are dropped. */
export const quietHours = z
  .object({ from: timeOfDay, to: timeOfDay, timeZone })
  .refine(({ from, to }) => from !== to, 'must have a length');
export type QuietHours = z.infer<typeof quietHours>;

export const notificationSettings = z.object({
  types: z.record(notificationType, wish),
  /** Null: pushes come at any time. */
  quietHours: quietHours.nullable(),
});
export type NotificationSettings = z.infer<typeof notificationSettings>;
/** What is absent stays as it is. */
export const notificationSettingsInput = z.object({
  types: z.partialRecord(notificationType, wish.partial()).optional(),
  quietHours: quietHours.nullable().optional(),
});
export type NotificationSettingsInput = z.infer<typeof notificationSettingsInput>;

function isTimeZone(name: string): boolean {
  try {
    // Offsets such as `+03:00` are taken, too; they know of no summer time, but neither do some people.
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}
