import type { Logger } from '@maydan/common';
import type { Emitter } from '../realtime/Emitter.ts';
import { rooms } from '../realtime/rooms.ts';
import type { NotificationsRepo } from './notifications.repo.ts';
import { CauseFailed, type OutboxRepo, type Told } from './outbox.repo.ts';
import { toNotification } from './rows.ts';

export interface OutboxDependencies {
  readonly outbox: OutboxRepo;
  readonly notifications: NotificationsRepo;
  readonly emitter: Emitter;
  /** Some of it is to be pushed. */
  readonly pushDue: () => void;
  readonly logger: Logger;
}

/** Makes notifications of causes and tells the people's connections. A process that dies before it tells leaves the list right. */
export class Outbox {
  readonly #deps: OutboxDependencies;

  constructor(dependencies: OutboxDependencies) {
    this.#deps = dependencies;
  }

  /** Deals with one cause or a part of it; false when none is due. */
  async step(): Promise<boolean> {
    const { outbox, logger, pushDue } = this.#deps;
    if (!(await outbox.isDue())) return false;
    try {
      const told = await outbox.dealWithOne();
      if (told === null) return false;
      if (told.some(({ pushAt }) => pushAt !== null)) pushDue();
      await this.#tell(told);
    } catch (error) {
      if (!(error instanceof CauseFailed)) throw error;
      const { key } = error;
      if ((await outbox.putOff(error)) === 'putOff')
        logger.warn({ err: error, key }, 'a notification could not be made yet');
      else logger.error({ err: error, key }, 'a notification failed too often and was given up');
    }
    return true;
  }

  /** Those who were told of the same thing alone hear of it by one event: a star has many followers. */
  async #tell(told: readonly Told[]): Promise<void> {
    const shown = told.filter((one) => one.shown);
    const fresh = shown.filter(({ count }) => count === 1);
    const [first] = fresh;
    if (first !== undefined) await this.#emit(first, fresh);
    for (const grown of shown.filter(({ count }) => count > 1)) await this.#emit(grown, [grown]);
  }

  async #emit({ userId, id }: Told, to: readonly Told[]): Promise<void> {
    const { notifications, emitter } = this.#deps;
    const row = await notifications.find(userId, id);
    if (row === null) return;
    const actors = await notifications.actorsOf({ id: userId, role: 'user' }, [row]);
    const notification = toNotification(row, actors);
    // A block came between.
    if (row.actorCount > 0 && notification.actorCount === 0) return;
    const names = to.map((one) => rooms.user(one.userId));
    await emitter.emit(names, 'notification:new', { notification });
  }
}
