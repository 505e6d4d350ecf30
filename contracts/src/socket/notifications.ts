import { z } from 'zod';
import { isoDate } from '../ids.ts';
import { notification, notificationReadInput, notificationsUnread, unreadCount } from '../notifications.ts';
import { message } from './message.ts';

/** As over REST: the user's other connections are told. */
export const notificationMessages = {
  'notifications:read': message({
    access: 'signedIn',
    input: notificationReadInput,
    output: notificationsUnread,
  }),
};

/** What a user's own connections are told of their notifications; only hints: the list has the truth. */
export const notificationEvents = {
  /** A new one, or one that has grown: its id is known then. */
  'notification:new': z.object({ notification }),
  /** On one of the user's devices: these, or all up to a time, were read. */
  'notification:read': z.object({
    ids: z.array(z.uuid()).nullable(),
    until: isoDate.nullable(),
    unread: unreadCount,
  }),
  'notification:removed': z.object({ id: z.uuid(), unread: unreadCount }),
} as const;
