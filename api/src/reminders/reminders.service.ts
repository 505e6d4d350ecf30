import { AppError } from '@maydan/common';
import type { SessionReminder } from '@maydan/contracts';
import type { User } from '@maydan/prisma';
import type { RateLimits } from '../limits/RateLimits.ts';
import type { PageInput } from '../people/listed.ts';
import { decodeCursor, pageOf } from '../sessions/cursor.ts';
import type { SessionRow } from '../sessions/sessions.repo.ts';
import type { SessionsService } from '../sessions/sessions.service.ts';
import { sessionView } from '../sessions/sessionView.ts';
import type { RemindersRepo } from './reminders.repo.ts';

/** Of one person. */
const maxReminders = 500;

export interface RemindersDependencies {
  readonly repo: RemindersRepo;
  readonly sessions: Pick<SessionsService, 'findVisible'>;
  readonly limits: Pick<RateLimits, 'notifications'>;
  /** So long before the beginning people are told. */
  readonly leadMs: number;
}

/** Reminders of scheduled sessions (feature L1). The outbox of notifications tells them. */
export class RemindersService {
  readonly #deps: RemindersDependencies;

  constructor(dependencies: RemindersDependencies) {
    this.#deps = dependencies;
  }

  /**
   * May be repeated. Throws `not_found`, also for a private session that doesn't let the user in, `wrong_state` unless it is
   * scheduled and hasn't begun, and `conflict` for its host and beyond the limit.
   */
  async set(user: User, id: string): Promise<SessionReminder> {
    const { repo, limits, leadMs } = this.#deps;
    await limits.notifications(user.id);
    const { hostId } = await this.#find(user, id);
    if (hostId === user.id) throw new AppError('conflict', 'It is your own session.');
    const startsAt = await repo.create(id, user.id, maxReminders);
    if (startsAt === 'unscheduled') throw new AppError('wrong_state', 'The session is not scheduled.');
    if (startsAt === 'tooMany')
      throw new AppError('conflict', `There are ${maxReminders} reminders; remove one first.`);
    const remindAt = new Date(startsAt.getTime() - leadMs);
    return {
      sessionId: id,
      scheduledStartAt: startsAt.toISOString(),
      remindAt: remindAt > new Date() ? remindAt.toISOString() : null,
    };
  }

  /** May be repeated, also for a session that is over or hidden. */
  async remove(user: User, id: string): Promise<void> {
    await this.#deps.limits.notifications(user.id);
    await this.#deps.repo.remove(id, user.id);
  }

  async list(user: User, input: PageInput, base: string) {
    const after = input.cursor === undefined ? null : decodeCursor(input.cursor);
    const rows = await this.#deps.repo.sessionsOf(user.id, { after, take: input.limit + 1 });
    const { page, nextCursor } = pageOf(rows, input.limit, ({ at, session }) => ({ at, id: session.id }));
    return { items: page.map(({ session }) => sessionView(session, base)), nextCursor };
  }

  /** Who isn't let in hears of it as little as of one that isn't there. */
  async #find(user: User, id: string): Promise<SessionRow> {
    try {
      return await this.#deps.sessions.findVisible(user, id);
    } catch (error) {
      if (error instanceof AppError && ['session_private', 'forbidden'].includes(error.code))
        throw new AppError('not_found');
      throw error;
    }
  }
}
