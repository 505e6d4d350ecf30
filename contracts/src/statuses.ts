import { z } from 'zod';
import { cleanText, showsSomething } from './cleanText.ts';
import { isoDate, userId } from './ids.ts';
import { media, mediaId } from './media.ts';
import { tempId } from './messages.ts';
import { pageInput } from './people.ts';
import { publicUser } from './sessions.ts';

/** How long a status is shown. */
export const statusLifetimeMs = 24 * 3_600_000;
/** Statuses of one person that are shown at a time. */
export const maxStatuses = 30;
/** Characters (UTF-16) of a status at most. */
export const maxStatusLength = 700;

/** Who sees a status: followers, those whom its owner has as contacts, or all who are signed in. */
export const statusAudience = z.enum(['followers', 'contacts', 'everyone']);
export type StatusAudience = z.infer<typeof statusAudience>;
export const statusKind = z.enum(['text', 'image', 'video']);

const colour = z.string().regex(/^#[0-9a-f]{6}$/, 'Write it as #rrggbb, in lower case.');
/** How a text is shown. */
export const statusStyle = z.object({
  background: colour,
  colour,
  font: z.enum(['sans', 'serif', 'hand', 'mono']),
  /** `start` is where the language of the text begins. */
  align: z.enum(['start', 'center', 'end']),
});
export type StatusStyle = z.infer<typeof statusStyle>;

export const statusCreateInput = z
  .object({
    /** The owner's own id of it: what is sent again with the same one is stored once. */
    tempId,
    /** The status itself, or what stands below its file. */
    text: z.string().max(5_000).overwrite(cleanText).max(maxStatusLength).default(''),
    /** Of a text alone. */
    style: statusStyle.optional(),
    /** A picture or video that was uploaded for a status and is ready; it is in one status. */
    mediaId: mediaId.optional(),
    audience: statusAudience.default('followers'),
  })
  .refine((status) => (status.text === '' ? status.mediaId !== undefined : showsSomething(status.text)), {
    path: ['text'],
    error: 'Shows nothing.',
  })
  .refine(({ style, mediaId: file }) => style === undefined || file === undefined, {
    path: ['style'],
    error: 'is of a text alone',
  });
export type StatusCreate = z.infer<typeof statusCreateInput>;

/** A status as somebody sees it who may. */
export const status = z.object({
  id: z.uuid(),
  user: publicUser,
  kind: statusKind,
  /** Of a picture or video: what stands below it, perhaps nothing. */
  text: z.string(),
  style: statusStyle.nullable(),
  media: media.nullable(),
  createdAt: isoDate,
  /** Nobody sees it from then on. */
  expiresAt: isoDate,
  /** Whether the one who asks has seen it; one's own count as seen. */
  seen: z.boolean(),
  /** For its owner alone. */
  own: z
    .object({
      audience: statusAudience,
      /** How many people have seen it. */
      viewers: z.int(),
    })
    .nullable(),
});
export type StatusView = z.infer<typeof status>;

/** In the order in which they are played: the oldest first. */
export const statusPage = z.object({ items: z.array(status), nextCursor: z.string().nullable() });
export type StatusPage = z.infer<typeof statusPage>;

/** Somebody one follows, with statuses. */
export const statusPerson = z.object({
  user: publicUser,
  /** How many one may see, and how many of these one has not seen. */
  count: z.int(),
  unseen: z.int(),
  latest: status,
});
/**
 * People with something unseen first, then by their newest status. Pages go on as things were at the first one: what is
 * seen or made meanwhile moves nobody.
 */
export const statusFeed = z.object({ items: z.array(statusPerson), nextCursor: z.string().nullable() });
export type StatusFeed = z.infer<typeof statusFeed>;

export const statusesOfUserInput = pageInput.extend({ id: userId });
export const statusViewersInput = pageInput.extend({ id: z.uuid() });
