import type { AccountPage, ListedAccount, Role } from '@maydan/contracts';
import type { User } from '@maydan/prisma';
import { requireRole } from '../identity/requireRole.ts';
import { decodeCursor, pageOf } from '../sessions/cursor.ts';
import type { PageInput } from './listed.ts';
import { searchText } from './searchText.ts';
import type { AccountRow, UserListRepo } from './userList.repo.ts';

export interface UserListInput extends PageInput {
  readonly search?: string | undefined;
  readonly role?: Role | undefined;
  readonly state?: 'active' | 'banned' | undefined;
  readonly createdFrom?: string | undefined;
  readonly createdBefore?: string | undefined;
}

/** The list of all users, for admins (feature P1). */
export class UserListService {
  readonly #repo: UserListRepo;

  constructor(repo: UserListRepo) {
    this.#repo = repo;
  }

  /** Throws `forbidden` for others than admins. */
  async list(user: User, input: UserListInput): Promise<AccountPage> {
    requireRole(user, 'admin');
    const after = input.cursor === undefined ? null : decodeCursor(input.cursor);
    const text = searchText(input.search ?? '');
    const filter = { ...input, text: text.folded === '' ? null : text };
    const rows = await this.#repo.list(filter, { after, take: input.limit + 1 });
    const { page, nextCursor } = pageOf(rows, input.limit, ({ id, createdAt }) => ({ id, at: createdAt }));
    return { items: page.map(view), nextCursor };
  }
}

function view({ bannedAt, createdAt, ...row }: AccountRow): ListedAccount {
  return { ...row, bannedAt: bannedAt?.toISOString() ?? null, createdAt: createdAt.toISOString() };
}
