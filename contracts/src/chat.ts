import { z } from 'zod';
import { cleanText, showsSomething } from './cleanText.ts';
import { isoDate, sessionId } from './ids.ts';
import { tempId } from './messages.ts';
import { publicUser } from './sessions.ts';

/** Characters (UTF-16) of a chat message at most, whatever a host sets. */
export const maxChatLength = 500;
/** Pinned messages of a session at most. */
export const maxPins = 5;

/** Who somebody is in a session's chat. Of a message: who its sender was when they wrote it. */
export const chatRole = z.enum(['host', 'moderator', 'cohost', 'viewer']);
export type ChatRole = z.infer<typeof chatRole>;

export const chatMessage = z.object({
  id: z.uuid(),
  /** 1, 2, 3 ... within the session, without gaps: what is missing was not shown, and is in the history. */
  seq: z.int(),
  /** Null: the account was deleted. */
  sender: publicUser.nullable(),
  role: chatRole,
  /** Empty when the message was deleted. */
  text: z.string(),
  /** What it answers; its text is the beginning, 100 characters at most. */
  replyTo: z
    .object({ id: z.uuid(), seq: z.int(), sender: publicUser.nullable(), text: z.string() })
    .nullable(),
  createdAt: isoDate,
  deletedAt: isoDate.nullable(),
});
export type ChatMessage = z.infer<typeof chatMessage>;

/** What the chat of a session asks of its viewers. Its host and moderators are above all of it. */
export const chatSettings = z.object({
  /** Seconds between two messages of a viewer; 0: as fast as they like. */
  slowModeSec: z.int().min(0).max(3_600),
  followersOnly: z.boolean(),
  /** How long one must have followed the host; counts with `followersOnly`. */
  followersMinSec: z.int().min(0).max(7_776_000),
  /** Only people whom the host has admitted as subscribers, while that holds. */
  subscribersOnly: z.boolean(),
  emojiOnly: z.boolean(),
  linksOff: z.boolean(),
  /** What was written in the last minute, by anybody, is not written again. */
  uniqueOnly: z.boolean(),
  /** Only people who have proved a phone number or a Google account. */
  verifiedOnly: z.boolean(),
  /** Viewers see what viewers write so much later, so that moderators are first. */
  delaySec: z.int().min(0).max(10),
  maxLength: z.int().min(1).max(maxChatLength),
  /** One button for all of it: followers only, links off, unique messages, slow mode of 30 seconds at least. */
  shield: z.boolean(),
});
export type ChatSettings = z.infer<typeof chatSettings>;

const bannedWord = z.string().trim().min(1).max(60).refine(showsSomething, 'Shows nothing.');
/** The settings with the session's banned words, which only its host and moderators see. */
export const chatRules = chatSettings.extend({ bannedWords: z.array(bannedWord).max(500) });
export type ChatRules = z.infer<typeof chatRules>;
export const chatRulesInput = chatRules.partial().extend({ id: sessionId });

export const chatSendInput = z.object({
  /** Of the session. */
  id: sessionId,
  /** The sender's own id of the message: what is sent again with the same one is stored once. */
  tempId,
  text: z.string().max(4_000).overwrite(cleanText).refine(showsSomething, 'Shows nothing.'),
  /** Id of the message that it answers, in the same session. */
  replyTo: z.uuid().optional(),
});
export type ChatSend = z.infer<typeof chatSendInput>;

export const chatMessageInput = z.object({ id: sessionId, messageId: z.uuid() });

export const chatHistoryInput = z.object({
  id: sessionId,
  /** Opaque, from a page's `nextCursor` or `previousCursor`; without: the newest. */
  cursor: z.string().max(100).optional(),
  /** Everything after this number, as far as it fits; instead of a cursor, for a client that was away. */
  after: z.coerce.number().int().min(0).max(2_147_483_647).optional(),
  limit: z.coerce.number().int().min(1).max(100).default(50),
});
/** Messages, the newest first. Those of people who block the reader, or whom the reader blocks, are left out. */
export const chatHistory = z.object({
  items: z.array(chatMessage),
  /** To older ones; null: there are none. */
  nextCursor: z.string().nullable(),
  /** To newer ones, also to those that aren't there yet. */
  previousCursor: z.string(),
});
export type ChatHistory = z.infer<typeof chatHistory>;

/** What somebody who comes into the chat is told. */
export const chatState = z.object({
  settings: chatSettings,
  pins: z.array(chatMessage),
  history: chatHistory,
  /** Null for a guest, who reads only. */
  role: chatRole.nullable(),
});
export type ChatState = z.infer<typeof chatState>;

/** A word that is banned in all chats. */
export const platformWord = z.object({ id: z.uuid(), word: z.string(), createdAt: isoDate });
export type PlatformWord = z.infer<typeof platformWord>;
export const platformWordInput = z.object({ word: bannedWord });
export const platformWordList = z.object({ items: z.array(platformWord) });
