import type { RoomEvent, ServerEventPayload } from '@maydan/contracts';

export type RoomBatchTold = ServerEventPayload<'session:events'>;

/**
 * What a room is told, for somebody whom blocks hide some people from: as the lists over REST show it to them. The same object
 * when nothing of it is hidden; null when nothing is left.
 */
export function withoutHidden(batch: RoomBatchTold, hidden: ReadonlySet<string>): RoomBatchTold | null {
  if (hidden.size === 0) return batch;
  const events: RoomEvent[] = [];
  let isChanged = false;
  let messages = 0;
  for (const event of batch.events) {
    const shown = shownOf(event, hidden);
    if (shown !== event) isChanged = true;
    if (shown !== null) events.push(shown);
    else if (event.type === 'message') messages += 1;
  }
  if (!isChanged) return batch;
  const written = batch.written - messages;
  if (events.length === 0 && written === 0) return null;
  return { ...batch, events, written, shown: batch.shown - messages };
}

/** Null: nothing of it may be seen. */
function shownOf(event: RoomEvent, hidden: ReadonlySet<string>): RoomEvent | null {
  switch (event.type) {
    case 'message':
      return hidden.has(event.message.sender?.id ?? '') ? null : event;
    case 'gift':
      return hidden.has(event.gift.sender.id) || hidden.has(event.gift.recipient.id) ? null : event;
    case 'pins': {
      const pins = event.pins.filter(({ sender }) => !hidden.has(sender?.id ?? ''));
      return pins.length === event.pins.length ? event : { ...event, pins };
    }
    case 'joined':
    case 'typing': {
      const users = event.users.filter(({ id }) => !hidden.has(id));
      const gone = event.users.length - users.length;
      if (gone === 0) return event;
      return event.count > gone ? { ...event, users, count: event.count - gone } : null;
    }
    default:
      return event;
  }
}

/**
 * Whom blocks hide from one person, for as long as one of their connections needs to know: asked for once, and kept up by
 * what is told of blocks from then on.
 */
export class HiddenPeople {
  readonly #ids = new Set<string>();
  /** What was told while it was asked for, by person. */
  #meanwhile: Map<string, boolean> | null = null;
  #asking: Promise<void> | null = null;

  get ids(): ReadonlySet<string> {
    return this.#ids;
  }

  /** May be repeated; asks once, unless that failed. */
  async load(ask: () => Promise<readonly string[]>): Promise<void> {
    this.#asking ??= this.#load(ask);
    await this.#asking;
  }

  set(userId: string, isHidden: boolean): void {
    this.#meanwhile?.set(userId, isHidden);
    if (isHidden) this.#ids.add(userId);
    else this.#ids.delete(userId);
  }

  async #load(ask: () => Promise<readonly string[]>): Promise<void> {
    this.#meanwhile = new Map();
    try {
      const ids = await ask();
      for (const id of ids) if (this.#meanwhile.get(id) !== false) this.#ids.add(id);
    } catch (error) {
      this.#asking = null;
      throw error;
    } finally {
      this.#meanwhile = null;
    }
  }
}
