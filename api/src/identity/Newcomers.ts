import { AppError } from '@maydan/common';
import { cleanLine, displayName as displayNameSchema } from '@maydan/contracts';
import { newSecret } from '@maydan/prisma';
import type { IdentityRepo, Taken, User } from './identity.repo.ts';

const tries = 5;

export interface Newcomer {
  readonly email?: string;
  /** When it was proved. */
  readonly emailVerifiedAt?: Date;
  readonly phone?: string;
  readonly googleSubject?: string;
  /** Null: the username. */
  readonly displayName: string | null;
}

/** Accounts of people who chose no username: they get one like `wish`, and may change it. */
export class Newcomers {
  readonly #repo: IdentityRepo;

  constructor(repo: IdentityRepo) {
    this.#repo = repo;
  }

  /** The new user, or which of what must be unique (but the username) somebody has. */
  async create(wish: string, { displayName, ...person }: Newcomer): Promise<User | { taken: Taken }> {
    const base = usernameFrom(wish);
    for (let attempt = 0; attempt < tries; attempt++) {
      const username =
        attempt === 0 && base !== '' ? base : `${base || 'user'}_${newSecret(6).toLowerCase()}`;
      const name = nameFrom(displayName ?? '') ?? username;
      const created = await this.#repo.createUser({ username, displayName: name, ...person });
      if (!('taken' in created) || created.taken !== 'username') return created;
    }
    throw new AppError('conflict', 'No free username was found.');
  }
}

/** What is left of a name that others gave as a display name; null when that shows nothing. */
function nameFrom(text: string): string | null {
  const cut = cleanLine(text).slice(0, 60);
  return displayNameSchema.safeParse(cut.replace(/[\ud800-\udbff]$/, '')).data ?? null;
}

/** What is left of a text as a username; empty when that is too short for one. */
export function usernameFrom(text: string): string {
  const name = text
    .toLowerCase()
    .replace(/[^a-z0-9_]+/g, '_')
    .replace(/^_+|_+$/g, '')
    .slice(0, 20);
  return name.length < 3 ? '' : name;
}
