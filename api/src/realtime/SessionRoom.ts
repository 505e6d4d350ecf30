import type { Logger } from '@maydan/common';
import type { RoomEvent } from '@maydan/contracts';
import type { Emitter } from './Emitter.ts';
import { planRoom, type RoomAudience, type RoomBatch, type RoomEntry } from './roomBatch.ts';
import { rooms, type Room } from './rooms.ts';

export interface SessionRoomOptions {
  readonly emitter: Pick<Emitter, 'emitOrFail'>;
  readonly logger: Logger;
  /** Viewers' messages that viewers are shown in a second, of those that come to this process. */
  readonly viewerRate: number;
}

interface Waiting {
  readonly entries: RoomEntry[];
  /** Of the events, about. */
  characters: number;
  readonly timer: NodeJS.Timeout;
  readonly told: PromiseWithResolvers<unknown>;
}
interface Budget {
  left: number;
  atMs: number;
}

/** What happens within this time is told together. */
const tickMs = 250;
/** So many events, or so many characters of them, don't wait for the tick. */
const maxEvents = 400;
const maxCharacters = 100_000;
/** Of a gift beside its message: its names, pictures and people. */
const giftCharacters = 500;

/**
 * Tells the room of a session what happens in it: chat, reactions, viewer counts, gifts. What happens within a tick is one
 * event (`session:events`): one entry in Redis and, at each api process, encoded once and one frame for each socket,
 * however many viewers and messages there are. In the order of the calls; over processes in the order of their ticks.
 */
export class SessionRoom {
  readonly #options: SessionRoomOptions;
  readonly #waiting = new Map<string, Waiting>();
  readonly #budgets = new Map<string, Budget>();

  constructor(options: SessionRoomOptions) {
    this.#options = options;
  }

  /** Never fails: the change itself has happened already. */
  emit(sessionId: string, event: RoomEvent, to: RoomAudience = 'everyone'): void {
    this.#add(sessionId, [{ event, to }]);
  }

  /** For who can tell it again: resolves when all processes will hear of it, rejects when Redis is away. */
  async emitOrFail(sessionId: string, events: readonly RoomEvent[]): Promise<void> {
    const entries = events.map((event) => ({ event, to: 'everyone' as const }));
    await this.#add(sessionId, entries).promise;
  }

  /** Tells what waits; afterwards nothing is left to be released. */
  async close(): Promise<void> {
    await Promise.all([...this.#waiting.keys()].map((sessionId) => this.#flush(sessionId)));
  }

  /** What is settled once it was told. */
  #add(sessionId: string, entries: readonly RoomEntry[]): Waiting['told'] {
    const waiting = this.#waiting.get(sessionId) ?? this.#begin(sessionId);
    waiting.entries.push(...entries);
    for (const { event } of entries) waiting.characters += charactersOf(event);
    if (waiting.entries.length >= maxEvents || waiting.characters >= maxCharacters) {
      void this.#flush(sessionId);
    }
    return waiting.told;
  }

  #begin(sessionId: string): Waiting {
    const timer = setTimeout(() => void this.#flush(sessionId), tickMs);
    const waiting = { entries: [], characters: 0, timer, told: Promise.withResolvers<unknown>() };
    waiting.told.promise.catch((error: unknown) =>
      this.#options.logger.warn({ err: error, sessionId }, 'the room of a session could not be told'),
    );
    this.#waiting.set(sessionId, waiting);
    return waiting;
  }

  async #flush(sessionId: string): Promise<void> {
    const waiting = this.#waiting.get(sessionId);
    if (waiting === undefined) return;
    clearTimeout(waiting.timer);
    this.#waiting.delete(sessionId);
    await this.#tellBoth(sessionId, waiting.entries).then(waiting.told.resolve, waiting.told.reject);
  }

  async #tellBoth(sessionId: string, entries: readonly RoomEntry[]): Promise<void> {
    const budget = this.#budgetOf(sessionId);
    const { staff, viewers, spent } = planRoom(entries, Math.floor(budget.left));
    budget.left -= spent;
    const [toStaff, toViewers] = [rooms.staff(sessionId), rooms.chat(sessionId)];
    if (staff === viewers) return this.#tell([toStaff, toViewers], sessionId, staff);
    await Promise.all([this.#tell([toStaff], sessionId, staff), this.#tell([toViewers], sessionId, viewers)]);
  }

  async #tell(to: Room[], sessionId: string, batch: RoomBatch): Promise<void> {
    if (batch.events.length === 0 && batch.written === 0) return;
    const { events, written, shown } = batch;
    const payload = { sessionId, events: [...events], written, shown };
    await this.#options.emitter.emitOrFail(to, 'session:events', payload);
  }

  /** A second's worth at most; one that is full again is as good as none. */
  #budgetOf(sessionId: string): Budget {
    const { viewerRate } = this.#options;
    const now = performance.now();
    const refilled = ({ left, atMs }: Budget): number =>
      Math.min(viewerRate, left + ((now - atMs) * viewerRate) / 1_000);
    for (const [id, other] of this.#budgets) {
      if (id !== sessionId && refilled(other) >= viewerRate) this.#budgets.delete(id);
    }
    const before = this.#budgets.get(sessionId);
    const budget = { left: before === undefined ? viewerRate : refilled(before), atMs: now };
    this.#budgets.set(sessionId, budget);
    return budget;
  }
}

/** What users wrote of it. */
function charactersOf(event: RoomEvent): number {
  if (event.type === 'message') return event.message.text.length;
  return event.type === 'gift' ? event.gift.message.length + giftCharacters : 0;
}
