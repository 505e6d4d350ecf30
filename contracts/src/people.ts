import { z } from 'zod';
import { role } from './identity.ts';
import { isoDate, userId } from './ids.ts';
import { picture } from './media.ts';
import { publicUser } from './sessions.ts';

export type PublicUser = z.infer<typeof publicUser>;

/** What a list in pages is asked for. Pages go on where the last one ended, whatever came new meanwhile. */
export const pageInput = z.object({
  /** Opaque, from the previous page's `nextCursor`. */
  cursor: z.string().max(300).optional(),
  limit: z.coerce.number().int().min(1).max(100).default(20),
});

export const userById = z.object({ id: userId });
export const pageOfUserInput = pageInput.extend({ id: userId });

/** Somebody in a list, and since when. */
export const listedUser = z.object({ user: publicUser, since: isoDate });
export type ListedUser = z.infer<typeof listedUser>;
export const userPage = z.object({ items: z.array(listedUser), nextCursor: z.string().nullable() });
export type UserPage = z.infer<typeof userPage>;

/** How the signed-in user stands to somebody else. */
export const relation = z.object({
  following: z.boolean(),
  followedBy: z.boolean(),
  contact: z.boolean(),
  /** The other has admitted them as a subscriber, and that holds. */
  subscribed: z.boolean(),
  /** Only moderators and admins see somebody whom they block. */
  blocking: z.boolean(),
});
export type Relation = z.infer<typeof relation>;

/** Somebody as others see them. */
export const userProfile = publicUser.extend({
  bio: z.string(),
  avatar: picture.nullable(),
  cover: picture.nullable(),
  createdAt: isoDate,
  followers: z.int(),
  following: z.int(),
  /** Null for oneself, and without a sign-in. */
  relation: relation.nullable(),
});
export type UserProfile = z.infer<typeof userProfile>;
export const userByName = z.object({ username: z.string().trim().min(1).max(30) });

/** People on a page of a search at most. */
export const maxFound = 50;

/** A name or a part of it, or the whole email address or phone number (`+…`) of somebody who permits that. */
export const userSearchInput = z.object({
  query: z.string().trim().min(1).max(100),
  cursor: z.string().max(6_000).optional(),
  limit: z.coerce.number().int().min(1).max(maxFound).default(20),
});
export const userSearchPage = z.object({ items: z.array(publicUser), nextCursor: z.string().nullable() });
export type UserSearchPage = z.infer<typeof userSearchPage>;

/** What admins filter users by. */
export const userListInput = pageInput.extend({
  search: z.string().trim().max(100).optional(),
  role: role.optional(),
  state: z.enum(['active', 'banned']).optional(),
  /** Accounts that were made from this moment on, and before this one. */
  createdFrom: isoDate.optional(),
  createdBefore: isoDate.optional(),
});
/** A user as admins see them. */
export const listedAccount = publicUser.extend({
  email: z.string().nullable(),
  /** E.164. */
  phone: z.string().nullable(),
  role,
  bannedAt: isoDate.nullable(),
  createdAt: isoDate,
});
export type ListedAccount = z.infer<typeof listedAccount>;
export const accountPage = z.object({ items: z.array(listedAccount), nextCursor: z.string().nullable() });
export type AccountPage = z.infer<typeof accountPage>;
