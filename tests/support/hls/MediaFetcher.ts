import { createHash } from 'node:crypto';
import { holdsKeyFrame } from './holdsKeyFrame.ts';
import type { MediaPlaylist } from './playlistModel.ts';
import type { FetchedFile, FollowedPlaylist, SegmentComparison } from './recording.ts';

export interface FetcherOptions {
  readonly signal: AbortSignal;
  readonly files: FetchedFile[];
  readonly comparisons: SegmentComparison[];
}

/** Segments fetched of a playlist that was long when the watching began. */
const OLD_SEGMENTS = 4;

interface Fetched {
  readonly status: number;
  readonly bytes: Buffer;
}

/** Fetches what one media playlist names, as it is named: inits, parts, segments, hinted parts, parts that left. */
export class MediaFetcher {
  readonly #playlist: FollowedPlaylist;
  readonly #options: FetcherOptions;
  readonly #fetches = new Map<string, Promise<Fetched | null>>();
  readonly #running = new Set<Promise<unknown>>();
  readonly #timers = new Set<NodeJS.Timeout>();
  #firstMsn: number | null = null;
  #listedParts = new Set<string>();

  constructor(playlist: FollowedPlaylist, options: FetcherOptions) {
    this.#playlist = playlist;
    this.#options = options;
  }

  /** Looks at a new version of the playlist. */
  see(playlist: MediaPlaylist): void {
    this.#firstMsn ??= Math.max(playlist.mediaSequence, (playlist.segments.at(-1)?.msn ?? 0) - OLD_SEGMENTS);
    const segments = playlist.segments.filter(({ msn, gap }) => msn >= (this.#firstMsn ?? 0) && !gap);
    for (const { mapUri } of [...segments, ...(playlist.open ? [playlist.open] : [])])
      if (mapUri !== null) void this.#once(mapUri, 'init');
    const parts = [...segments, ...(playlist.open ? [playlist.open] : [])].flatMap(
      (segment) => segment.parts,
    );
    for (const part of parts) if (!part.gap) void this.#once(part.uri, 'part');
    for (const segment of segments) {
      const first = !this.#fetches.has(`segment ${segment.uri}`);
      const whole = this.#once(segment.uri, 'segment');
      if (first && segment.parts.length > 0)
        this.#track(
          this.#compare(
            segment.msn,
            segment.parts.map((one) => one.uri),
            whole,
          ),
        );
    }
    for (const hint of playlist.hints) if (hint.type === 'PART') void this.#once(hint.uri, 'hint');
    this.#watchLeaving(new Set(parts.map(({ uri }) => uri)), playlist.targetDurationSec);
  }

  /** Waits for what is under way. */
  async settle(): Promise<void> {
    for (const timer of this.#timers) clearTimeout(timer);
    while (this.#running.size > 0) await Promise.allSettled(this.#running);
  }

  /** Asks once more for parts that left the list, almost three target durations later. */
  #watchLeaving(listed: Set<string>, targetDurationSec: number): void {
    for (const uri of this.#listedParts) {
      if (listed.has(uri)) continue;
      const timer = setTimeout(() => {
        this.#timers.delete(timer);
        void this.#once(uri, 'left the list');
      }, 2900 * targetDurationSec);
      this.#timers.add(timer);
    }
    this.#listedParts = listed;
  }

  async #compare(msn: number, parts: string[], whole: Promise<Fetched | null>): Promise<void> {
    const fetched = await Promise.all([whole, ...parts.map((uri) => this.#once(uri, 'part'))]);
    const [segment, ...pieces] = fetched;
    if (!segment || pieces.some((piece) => piece === null)) return;
    const joined = Buffer.concat(pieces.map((piece) => piece?.bytes ?? Buffer.alloc(0)));
    this.#options.comparisons.push({ playlist: this.#playlist.id, msn, same: joined.equals(segment.bytes) });
    for (const uri of parts) this.#fetches.set(`part ${uri}`, Promise.resolve(null));
  }

  #once(uri: string, why: FetchedFile['why']): Promise<Fetched | null> {
    const key = `${why} ${uri}`;
    const known = this.#fetches.get(key);
    if (known) return known;
    const fetching = this.#fetch(new URL(uri, this.#playlist.url).href, why);
    this.#fetches.set(key, fetching);
    this.#track(fetching);
    return fetching;
  }

  #track(work: Promise<unknown>): void {
    this.#running.add(work);
    void work.finally(() => this.#running.delete(work));
  }

  /** Null when the watching was ended meanwhile. */
  async #fetch(url: string, why: FetchedFile['why']): Promise<Fetched | null> {
    const { signal, files } = this.#options;
    try {
      const response = await fetch(url, { signal });
      const bytes = Buffer.from(await response.arrayBuffer());
      files.push({
        url,
        playlist: this.#playlist.id,
        why,
        status: response.status,
        byteLength: bytes.length,
        contentType: response.headers.get('content-type'),
        digest: createHash('sha1').update(bytes).digest('hex'),
        holdsKeyFrame: why === 'part' ? holdsKeyFrame(bytes) : null,
      });
      return { status: response.status, bytes };
    } catch (error) {
      if (signal.aborted) return null;
      const failure = { url, playlist: this.#playlist.id, why, byteLength: 0, contentType: null };
      files.push({ ...failure, status: 0, digest: String(error), holdsKeyFrame: null });
      return null;
    }
  }
}
