import type { Database } from '@maydan/prisma';
import { jobStates } from '../sessions/controlDocument.ts';
import { withPeople, type SessionRow } from '../sessions/sessions.repo.ts';
import { behind, type PageWish } from '../people/listed.ts';

/** Sessions that run, in PostgreSQL. */
export class RunningRepo {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** The newest first, whoever may see them. */
  list({ after, take }: PageWish): Promise<SessionRow[]> {
    return this.#database.session.findMany({
      where: { AND: [{ state: { in: [...jobStates] } }, behind(after, 'id')] },
      orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
      take,
      include: withPeople,
    });
  }
}
