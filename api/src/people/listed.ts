import type { UserPage } from '@maydan/contracts';
import type { User } from '@maydan/prisma';
import { decodeCursor, pageOf, type Cursor } from '../sessions/cursor.ts';

/** Somebody in a list, and since when. */
export interface Listed {
  readonly user: Pick<User, 'id' | 'username' | 'displayName'>;
  readonly since: Date;
}

/** `take` rows behind a position. */
export interface PageWish {
  readonly after: Cursor | null;
  readonly take: number;
}

export interface PageInput {
  readonly cursor?: string | undefined;
  readonly limit: number;
}

/** For queries: rows behind a position, newest first; `key` holds the id of who is listed. */
export function behind(after: Cursor | null, key: string): object {
  if (after === null) return {};
  return { OR: [{ createdAt: { lt: after.at } }, { createdAt: after.at, [key]: { lt: after.id } }] };
}

export const publicFields = { select: { id: true, username: true, displayName: true } } as const;

/** A page of people, newest first; `read` gets one more than asked for to know whether there are more. */
export async function userPage(
  input: PageInput,
  read: (wish: PageWish) => Promise<Listed[]>,
): Promise<UserPage> {
  const after = input.cursor === undefined ? null : decodeCursor(input.cursor);
  const rows = await read({ after, take: input.limit + 1 });
  const { page, nextCursor } = pageOf(rows, input.limit, ({ user, since }) => ({ at: since, id: user.id }));
  return { items: page.map(({ user, since }) => ({ user, since: since.toISOString() })), nextCursor };
}
