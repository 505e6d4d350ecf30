import { applyDelta } from './applyDelta.ts';
import { parseMediaPlaylist } from './parsePlaylist.ts';
import { nextMsn, type MediaPlaylist } from './playlistModel.ts';
import type { FailedReload, FollowedPlaylist } from './recording.ts';

export interface FollowerOptions {
  readonly signal: AbortSignal;
  readonly failures: FailedReload[];
  readonly onVersion: (playlist: MediaPlaylist) => void;
}

/** Every so many reloads the whole playlist is asked for instead of a delta update. */
const WHOLE_EVERY = 6;
const RETRY_MS = 250;

/** Follows one playlist the way a low-latency player does: blocking reloads (RFC 8216bis §6.2.5), delta updates. */
export class PlaylistFollower {
  readonly #playlist: FollowedPlaylist;
  readonly #options: FollowerOptions;
  #current: MediaPlaylist | null = null;
  #reloads = 0;

  constructor(playlist: FollowedPlaylist, options: FollowerOptions) {
    this.#playlist = playlist;
    this.#options = options;
  }

  /** Until the playback ends or the watching does. */
  async run(): Promise<void> {
    const { signal } = this.#options;
    while (!signal.aborted && !this.#current?.ended) {
      const url = this.#nextUrl();
      const startMs = performance.now();
      try {
        const response = await fetch(url, { signal });
        const text = await response.text();
        const heldMs = performance.now() - startMs;
        if (response.status === 200) this.#take(text, url);
        else if (!this.#heldTooLong(response.status, heldMs))
          await this.#fail(url, `answered ${response.status}`);
      } catch (error) {
        if (!signal.aborted) await this.#fail(url, String(error));
      }
    }
  }

  /** 503 after three target durations is what the protocol demands when nothing comes. */
  #heldTooLong(status: number, heldMs: number): boolean {
    return status === 503 && heldMs >= 2900 * (this.#current?.targetDurationSec ?? Infinity);
  }

  #nextUrl(): string {
    const known = this.#current;
    if (!known) return this.#playlist.url;
    this.#reloads += 1;
    const directives = new URLSearchParams({ _HLS_msn: String(nextMsn(known)) });
    if (known.partTargetSec !== null) directives.set('_HLS_part', String(known.open?.parts.length ?? 0));
    if (this.#reloads % WHOLE_EVERY !== 0) directives.set('_HLS_skip', 'YES');
    return `${this.#playlist.url}?${directives}`;
  }

  #take(text: string, url: string): void {
    const parsed = parseMediaPlaylist(text);
    const known = this.#current;
    const delta = parsed.skipped > 0;
    const playlist = delta ? known && applyDelta(known, parsed) : parsed;
    if (!playlist) {
      this.#options.failures.push(this.#failure(url, 'a delta update that the copy asked from cannot take'));
      this.#current = null;
      return;
    }
    this.#current = playlist;
    this.#playlist.snapshots.push({ atMs: Date.now(), playlist, text, delta });
    this.#options.onVersion(playlist);
  }

  async #fail(url: string, failure: string): Promise<void> {
    this.#options.failures.push(this.#failure(url, failure));
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }

  #failure(url: string, failure: string): FailedReload {
    return { playlist: this.#playlist.id, atMs: Date.now(), url, failure };
  }
}
