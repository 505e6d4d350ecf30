import type { Logger } from '@maydan/common';
import { slotAt, slotMs } from '../analytics/slots.ts';
import type { SessionRoom } from '../realtime/SessionRoom.ts';
import type { AudienceRepo } from './audience.repo.ts';
import type { ViewingStore, Watched } from './ViewingStore.ts';

export interface ViewingKeeperDependencies {
  readonly store: ViewingStore;
  readonly repo: AudienceRepo;
  readonly room: Pick<SessionRoom, 'emit'>;
  readonly logger: Logger;
}

const periodMs = 1_000;
/** Less than the period: whose turn it was mostly takes the next one, too, and another process when it doesn't. */
const turnMs = 900;
/** Rounds between two times that the sketch of all viewers is stored, and a sample taken. */
const sketchRounds = 10;
/** Rounds between two times that a session is stored of which nothing changed but the time of its viewers. */
const pendingRounds = 5;
/** Between two times that those of the quarter of an hour are: a Redis that lost them is told of who still watches. */
const slotRounds = 60;
/** So long into a quarter the one before is stored, too: it is whole by then. */
const slotBeforeMs = 300_000;

/**
 * Counts who watches: once a second in one of the api processes. What changed is stored and told. A process that dies loses
 * nothing, as all is in Redis; a Redis that loses everything is given back what was stored, ten seconds old at most, and
 * until when that was: whose player goes on has watched since then.
 */
export class ViewingKeeper {
  readonly #deps: ViewingKeeperDependencies;
  /** As this process stored it last. */
  readonly #stored = new Map<string, Watched>();
  /** Most viewers since the last sample. */
  readonly #most = new Map<string, number>();
  #rounds = 0;

  constructor(dependencies: ViewingKeeperDependencies) {
    this.#deps = dependencies;
  }

  static readonly periodMs = periodMs;

  /** One round. */
  async run(): Promise<void> {
    const { store, repo, room } = this.#deps;
    if (!(await store.takeTurn(turnMs))) {
      // Another process goes on; what it stores is not known here.
      this.#stored.clear();
      return;
    }
    const ids = await store.watched();
    if (this.#rounds++ % sketchRounds === 0) await repo.nobody(ids);
    const counts = await Promise.all(ids.map((id) => this.#count(id)));
    const isDue = this.#rounds % pendingRounds === 0;
    const changed = counts.filter(
      (watched) => (isDue && watched.concurrent > 0) || !isSame(this.#stored.get(watched.sessionId), watched),
    );
    if (changed.length > 0) await repo.store(changed);
    for (const watched of changed) {
      const { sessionId, concurrent, peak } = watched;
      const before = this.#stored.get(sessionId);
      this.#stored.set(sessionId, watched);
      if (before?.concurrent === concurrent && before.peak === peak) continue;
      room.emit(sessionId, { type: 'viewers', concurrent, peak });
    }
    await this.#keepSketches(counts);
    await this.#sample(counts);
    await this.#forget(counts, changed);
  }

  async #count(sessionId: string): Promise<Watched> {
    const { store, repo } = this.#deps;
    const counted = await store.count(sessionId);
    if (counted.isSeeded) return counted;
    await store.seed(sessionId, await repo.seed(sessionId, new Date()));
    return store.count(sessionId);
  }

  async #keepSketches(counts: readonly Watched[]): Promise<void> {
    if (this.#rounds % sketchRounds !== 0) return;
    for (const { sessionId } of counts) {
      await this.#keepSketch(sessionId);
      if (this.#rounds % slotRounds === 0) await this.#keepSlots(sessionId, new Date());
    }
  }

  async #keepSketch(sessionId: string): Promise<void> {
    const sketch = await this.#deps.store.sketch(sessionId);
    if (sketch !== null) await this.#deps.repo.storeSketch(sessionId, sketch);
  }

  async #keepSlots(sessionId: string, now: Date): Promise<void> {
    const { store, repo } = this.#deps;
    const at = slotAt(now);
    const before = now.getTime() - at.getTime() < slotBeforeMs ? [new Date(at.getTime() - slotMs)] : [];
    for (const slot of [...before, at]) {
      const sketch = await store.slotSketch(sessionId, slot);
      if (sketch !== null) await repo.storeSlot(sessionId, slot, sketch);
    }
  }

  /** Every ten seconds, and when the last viewer has gone. */
  async #sample(counts: readonly Watched[]): Promise<void> {
    for (const { sessionId, concurrent } of counts) {
      this.#most.set(sessionId, Math.max(concurrent, this.#most.get(sessionId) ?? 0));
    }
    const isDue = this.#rounds % sketchRounds === 0;
    const due = counts.filter(({ concurrent }) => isDue || concurrent === 0);
    const samples = due.map((watched) => ({
      ...watched,
      concurrent: this.#most.get(watched.sessionId) ?? watched.concurrent,
    }));
    await this.#deps.repo.sample(samples, new Date());
    for (const { sessionId } of due) this.#most.delete(sessionId);
  }

  /** Nobody watches, and nothing has changed since it was stored. */
  async #forget(counts: readonly Watched[], changed: readonly Watched[]): Promise<void> {
    for (const watched of counts) {
      if (watched.concurrent > 0 || changed.includes(watched)) continue;
      await this.#keepSketch(watched.sessionId);
      await this.#keepSlots(watched.sessionId, new Date());
      await this.#deps.store.forget(watched.sessionId);
      this.#stored.delete(watched.sessionId);
    }
  }
}

function isSame(one: Watched | undefined, other: Watched): boolean {
  return (
    one !== undefined &&
    (['concurrent', 'peak', 'unique', 'watchMs', 'reactions'] as const).every(
      (key) => one[key] === other[key],
    )
  );
}
