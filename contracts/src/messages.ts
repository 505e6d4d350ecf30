import { z } from 'zod';
import { cleanText, showsSomething } from './cleanText.ts';
import { conversationId, isoDate } from './ids.ts';
import { publicUser } from './sessions.ts';

/** Characters (UTF-16) of a message at most. */
export const maxTextLength = 4_000;

export const messageKind = z.enum(['text', 'image', 'video', 'audio', 'file']);
export type MessageKind = z.infer<typeof messageKind>;

/** What a message answers, as it stands now. */
export const repliedTo = z.object({
  id: z.uuid(),
  seq: z.int(),
  sender: publicUser.nullable(),
  kind: messageKind,
  /** Its beginning, 200 characters at most. */
  text: z.string(),
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
  /** Empty when the message was deleted. */
  text: z.string(),
  replyTo: repliedTo.nullable(),
  forwarded: z.boolean(),
  /** Of two states of a message the one with the higher number is the newer. */
  revision: z.int(),
  createdAt: isoDate,
  editedAt: isoDate.nullable(),
  deletedAt: isoDate.nullable(),
});
export type Message = z.infer<typeof conversationMessage>;

const text = z
  .string()
  .max(10_000)
  .overwrite(cleanText)
  .max(maxTextLength)
  .refine(showsSomething, 'Shows nothing.');
/** The sender's own id of a message, for all their messages: what is sent again with the same one is stored once. */
export const tempId = z.string().regex(/^[\x21-\x7e]{1,64}$/, 'Use 1 to 64 ASCII characters without blanks.');

export const messageSendInput = z.object({
  /** Of the conversation. */
  id: conversationId,
  tempId,
  text,
  /** Id of the message that it answers, in the same conversation. */
  replyTo: z.uuid().optional(),
});
export type MessageSend = z.infer<typeof messageSendInput>;
export const messageEditInput = z.object({ id: z.uuid(), text });

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
  limit: z.coerce.number().int().min(1).max(100).default(50),
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
