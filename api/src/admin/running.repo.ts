import type { RunningSessionsInput } from '@maydan/contracts';
import type { Database } from '@maydan/prisma';
import { jobStates } from '../sessions/controlDocument.ts';
import { withPeople, type SessionRow } from '../sessions/sessions.repo.ts';
import { behind, type PageWish } from '../people/listed.ts';

export interface RunningWish extends PageWish, Pick<RunningSessionsInput, 'state' | 'hostId'> {}

/** Sessions that run, in PostgreSQL. */
export class RunningRepo {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  find(id: string): Promise<SessionRow | null> {
    return this.#database.session.findUnique({ where: { id }, include: withPeople });
  }

  /** The newest first, whoever may see them. */
  list({ after, take, state, hostId }: RunningWish): Promise<SessionRow[]> {
    const whose = hostId === undefined ? {} : { hostId };
    const states = state === undefined ? [...jobStates] : [state];
    return this.#database.session.findMany({
      where: { AND: [{ state: { in: states }, ...whose }, behind(after, 'id')] },
      orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
      take,
      include: withPeople,
    });
  }
}
