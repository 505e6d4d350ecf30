import { AppError, type Redis } from '@maydan/common';
import { playbackKeys } from '@maydan/contracts';
import type { LiveWindow } from '../origin/LiveWindow.ts';
import type { PlaybackDirectory, PlaybackPlace } from '../origin/PlaybackDirectory.ts';
import { StoredMedia } from '../recording/StoredMedia.ts';
import type { ObjectStore } from '../storage/ObjectStore.ts';

/** An answer of Redis is good for so long: thousands of viewers of one playback ask here. */
const keepMs = 1_000;
const keptAnswers = 10_000;

export interface PlaybacksOptions {
  readonly redis: Redis;
  readonly store: ObjectStore;
  /** Address under which other origins know us. */
  readonly originUrl: () => string;
}

interface Answer {
  readonly place: Promise<PlaybackPlace>;
  readonly untilMs: number;
}

/** Where each playback is: live in this process, on another origin, or in storage. */
export class Playbacks implements PlaybackDirectory {
  readonly #options: PlaybacksOptions;
  readonly #windows = new Map<string, LiveWindow>();
  readonly #answers = new Map<string, Answer>();

  constructor(options: PlaybacksOptions) {
    this.#options = options;
  }

  /** Windows of this process. */
  get size(): number {
    return this.#windows.size;
  }

  add(playbackId: string, window: LiveWindow): void {
    this.#windows.set(playbackId, window);
    this.#answers.delete(playbackId);
  }

  /** Forgets a window, unless another one has taken its place. */
  remove(playbackId: string, window: LiveWindow): void {
    if (this.#windows.get(playbackId) === window) this.#windows.delete(playbackId);
  }

  find(playbackId: string): PlaybackPlace | Promise<PlaybackPlace> {
    return this.#windows.get(playbackId) ?? this.#elsewhere(playbackId);
  }

  #elsewhere(playbackId: string): Promise<PlaybackPlace> {
    const nowMs = Date.now();
    const known = this.#answers.get(playbackId);
    if (known !== undefined && known.untilMs > nowMs) return known.place;
    const place = this.#lookUp(playbackId);
    this.#answers.set(playbackId, { place, untilMs: nowMs + keepMs });
    place.catch(() => undefined);
    if (this.#answers.size > keptAnswers) this.#forgetOldest();
    return place;
  }

  async #lookUp(playbackId: string): Promise<PlaybackPlace> {
    const { redis, store, originUrl } = this.#options;
    // With Redis away recordings can still be watched.
    const owner = await redis.get(playbackKeys.origin(playbackId)).catch(() => null);
    // Ours, but not here: this worker was restarted and takes the playback up again in a moment.
    if (owner === originUrl()) throw new AppError('unavailable');
    return owner === null ? { stored: new StoredMedia(store, playbackId, null) } : { proxyTo: owner };
  }

  #forgetOldest(): void {
    const oldest = this.#answers.keys().next();
    if (!oldest.done) this.#answers.delete(oldest.value);
  }
}
