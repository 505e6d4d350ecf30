import type { RoomEvent } from '@maydan/contracts';
import type { Emitter } from './Emitter.ts';
import { planRoom, type RoomAudience, type RoomBatch, type RoomEntry } from './roomBatch.ts';
import { rooms, type Room } from './rooms.ts';

export interface SessionRoomOptions {
  readonly emitter: Pick<Emitter, 'emit'>;
  /** Viewers' messages that viewers are shown in a second, of those that come to this process. */
  readonly viewerRate: number;
}

interface Waiting {
  entries: RoomEntry[];
  timer: NodeJS.Timeout;
}
interface Budget {
  left: number;
  atMs: number;
}

/** What happens within this time is told together. */
const tickMs = 250;
/** So many events, or so many characters of messages, don't wait for the tick. */
const maxEvents = 400;
const maxCharacters = 100_000;

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
    const waiting = this.#waiting.get(sessionId) ?? this.#begin(sessionId);
    waiting.entries.push({ event, to });
    if (waiting.entries.length >= maxEvents || charactersOf(waiting.entries) >= maxCharacters) {
      void this.#flush(sessionId);
    }
  }

  /** Tells what waits; afterwards nothing is left to be released. */
  async close(): Promise<void> {
    await Promise.all([...this.#waiting.keys()].map((sessionId) => this.#flush(sessionId)));
  }

  #begin(sessionId: string): Waiting {
    const timer = setTimeout(() => void this.#flush(sessionId), tickMs);
    const waiting = { entries: [], timer };
    this.#waiting.set(sessionId, waiting);
    return waiting;
  }

  async #flush(sessionId: string): Promise<void> {
    const waiting = this.#waiting.get(sessionId);
    if (waiting === undefined) return;
    clearTimeout(waiting.timer);
    this.#waiting.delete(sessionId);
    const budget = this.#budgetOf(sessionId);
    const { staff, viewers, spent } = planRoom(waiting.entries, Math.floor(budget.left));
    budget.left -= spent;
    const [toStaff, toViewers] = [rooms.staff(sessionId), rooms.chat(sessionId)];
    if (staff === viewers) return this.#tell([toStaff, toViewers], sessionId, staff);
    await Promise.all([this.#tell([toStaff], sessionId, staff), this.#tell([toViewers], sessionId, viewers)]);
  }

  async #tell(to: Room[], sessionId: string, batch: RoomBatch): Promise<void> {
    if (batch.events.length === 0 && batch.written === 0) return;
    const { events, written, shown } = batch;
    const payload = { sessionId, events: [...events], written, shown };
    await this.#options.emitter.emit(to, 'session:events', payload);
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

function charactersOf(entries: readonly RoomEntry[]): number {
  return entries.reduce(
    (sum, { event }) => sum + (event.type === 'message' ? event.message.text.length : 0),
    0,
  );
}
