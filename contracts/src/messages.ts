import { z } from 'zod';
import { cleanText, showsSomething } from './cleanText.ts';
import { conversationId, isoDate } from './ids.ts';
import { media, mediaId } from './media.ts';
import { publicUser } from './sessions.ts';

/** Messages of a page of a conversation's history at most. */
export const maxHistory = 100;
/** Characters (UTF-16) of a message at most. */
export const maxTextLength = 4_000;
/** Files of a message at most. */
export const maxMessageMedia = 10;

/** `text` without files; else what its files are, or `file` when they are of several kinds. */
export const messageKind = z.enum(['text', 'image', 'video', 'audio', 'file']);
export type MessageKind = z.infer<typeof messageKind>;

/** What a message answers, as it stands now. */
export const repliedTo = z.object({
  id: z.uuid(),
  seq: z.int(),
  /** False: it was written before one came, or before one deleted the conversation, and nothing of it is told. */
  available: z.boolean(),
  sender: publicUser.nullable(),
  kind: messageKind,
  /** Its beginning, 200 characters at most. */
  text: z.string(),
  /** The first one of its files. */
  firstMedia: media.nullable(),
  deletedAt: isoDate.nullable(),
});

export const conversationMessage = z.object({
  id: z.uuid(),
  conversationId,
  /** 1, 2, 3 ... within the conversation, without gaps. */
  seq: z.int(),
  /** Null: the account was deleted. */
  sender: publicUser.nullable(),
  /** The sender's own id of the message. */
  tempId: z.string().nullable(),
  kind: messageKind,
  /** Empty when the message was deleted, or is nothing but files. */
  text: z.string(),
  /** In their order; those that are gone, with the account of who sent them for example, are left out. */
  media: z.array(media),
  replyTo: repliedTo.nullable(),
  forwarded: z.boolean(),
  /** Of two states of a message the one with the higher number is the newer. */
  revision: z.int(),
  createdAt: isoDate,
  editedAt: isoDate.nullable(),
  deletedAt: isoDate.nullable(),
});
export type Message = z.infer<typeof conversationMessage>;

/** Empty when it shows nothing. */
const text = z
  .string()
  .max(10_000)
  .overwrite(cleanText)
  .overwrite((cleaned) => (showsSomething(cleaned) ? cleaned : ''))
  .max(maxTextLength);
const mediaIds = z
  .array(mediaId)
  .max(maxMessageMedia)
  .refine((ids) => new Set(ids.map((id) => id.toLowerCase())).size === ids.length, 'Names a file twice.');
/** The sender's own id of a message, for all their messages: what is sent again with the same one is stored once. */
export const tempId = z.string().regex(/^[\x21-\x7e]{1,64}$/, 'Use 1 to 64 ASCII characters without blanks.');

export const messageSendInput = z
  .object({
    /** Of the conversation. */
    id: conversationId,
    tempId,
    /** May be left out beside files. */
    text: text.default(''),
    /** Own files that are ready, uploaded for messages, and in no message yet. */
    mediaIds: mediaIds.default([]),
    /** Id of the message that it answers, in the same conversation. */
    replyTo: z.uuid().optional(),
  })
  .refine(({ text, mediaIds }) => text !== '' || mediaIds.length > 0, {
    path: ['text'],
    message: 'Shows nothing.',
  });
export type MessageSend = z.infer<typeof messageSendInput>;
export const messageEditInput = z.object({
  id: z.uuid(),
  /** May be empty where there are files, which stay as they are. */
  text,
});

export const messageForwardInput = z.object({
  /** Of the message. */
  id: z.uuid(),
  /** Where it goes. */
  conversationId,
  tempId,
});

export const historyInput = z.object({
  id: conversationId,
  /** Opaque, from a page's `nextCursor` or `previousCursor`. Neither this nor `around`: the newest. */
  cursor: z.string().max(100).optional(),
  /** A message, to be shown with those before and after it. */
  around: z.uuid().optional(),
  limit: z.coerce.number().int().min(1).max(maxHistory).default(50),
});
/** Messages, the newest first, whatever way one goes. */
export const historyPage = z.object({
  items: z.array(conversationMessage),
  /** To older ones; null: there are none. */
  nextCursor: z.string().nullable(),
  /** To newer ones, also to those that aren't there yet. */
  previousCursor: z.string(),
});
export type HistoryPage = z.infer<typeof historyPage>;

export const readInput = z.object({
  id: conversationId,
  /** Number of the newest message that was read. */
  seq: z.int().min(0),
});
export const readOutput = z.object({ lastReadSeq: z.int(), unread: z.int() });
export type ReadOutput = z.infer<typeof readOutput>;
