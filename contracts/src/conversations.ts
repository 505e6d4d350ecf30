import { z } from 'zod';
import { conversationId, isoDate, userId } from './ids.ts';
import { mediaId, picture } from './media.ts';
import { conversationMessage } from './messages.ts';
import { pageInput } from './people.ts';
import { publicUser } from './sessions.ts';
import { shownLine, shownText } from './texts.ts';

export const conversationKind = z.enum(['direct', 'group', 'publicChannel']);
export type ConversationKind = z.infer<typeof conversationKind>;
export const memberRole = z.enum(['owner', 'admin', 'member']);
export type MemberRole = z.infer<typeof memberRole>;

/** People in a group at most, and in a public channel. */
export const maxMembers = { group: 256, publicChannel: 100_000 } as const;
/** What everybody sees of a conversation. */
export const sharedConversation = z.object({
  id: conversationId,
  kind: conversationKind,
  /** Null for a direct one. */
  name: z.string().nullable(),
  description: z.string(),
  avatar: picture.nullable(),
  memberCount: z.int(),
  createdAt: isoDate,
  updatedAt: isoDate,
});
export type SharedConversation = z.infer<typeof sharedConversation>;

/** The viewer's own place. */
export const membership = z.object({
  role: memberRole,
  joinedAt: isoDate,
  /** Read up to this message's number. */
  lastReadSeq: z.int(),
  /** Messages above it, by their numbers; those that were deleted since count, one's own don't. */
  unread: z.int(),
});

export const conversation = sharedConversation.extend({
  /** Number of the newest message; 0: there is none. */
  lastSeq: z.int(),
  /** Of the newest message, or the beginning. */
  activeAt: isoDate,
  /** The other person of a direct one; null when that account was deleted. */
  other: publicUser.nullable(),
  /** Null for a public channel that the viewer isn't in. */
  membership: membership.nullable(),
  /** The newest one that the viewer may see. */
  lastMessage: conversationMessage.nullable(),
});
export type Conversation = z.infer<typeof conversation>;
export const conversationPage = z.object({ items: z.array(conversation), nextCursor: z.string().nullable() });
export type ConversationPage = z.infer<typeof conversationPage>;

export const member = z.object({
  user: publicUser,
  role: memberRole,
  joinedAt: isoDate,
  /** Null in a public channel, where nobody is told what others have read, and past a block. */
  lastReadSeq: z.int().nullable(),
});
export type ConversationMember = z.infer<typeof member>;
export const memberPage = z.object({ items: z.array(member), nextCursor: z.string().nullable() });
export type MemberPage = z.infer<typeof memberPage>;

const name = shownLine(80);
const description = shownText(500);
const userIds = z.array(userId).max(50);

export const publicChannelsInput = z.object({
  /** Words of the name, or what it begins with. Absent: all. */
  search: z.string().trim().max(100).optional(),
  /** Opaque, from the previous page's `nextCursor`. */
  cursor: z.uuid().optional(),
  limit: z.coerce.number().int().min(1).max(100).default(20),
});
/** Public channels, in the order of their names. */
export const publicChannelPage = z.object({
  items: z.array(sharedConversation.extend({ joined: z.boolean() })),
  nextCursor: z.string().nullable(),
});
export type PublicChannelPage = z.infer<typeof publicChannelPage>;

export const directInput = z.object({ userId });
export const conversationCreateInput = z.object({
  kind: z.enum(['group', 'publicChannel']),
  name,
  description: description.default(''),
  /** Who is in it from the start, beside oneself. */
  memberIds: userIds.default([]),
});
/** What is absent stays as it is. */
export const conversationUpdateInput = z.object({
  id: conversationId,
  name: name.optional(),
  description: description.optional(),
  /** An own file of purpose `avatar` that is ready; null: none any more. */
  avatarMediaId: mediaId.nullable().optional(),
});
export const conversationById = z.object({ id: conversationId });
export const membersInput = pageInput.extend({ id: conversationId });
export const membersAddInput = z.object({ id: conversationId, userIds: userIds.min(1) });
export const memberInput = z.object({ id: conversationId, userId });
export const roleInput = memberInput.extend({
  /** `owner` hands the conversation over: who gives it becomes an admin. */
  role: memberRole,
});
