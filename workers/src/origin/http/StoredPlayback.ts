import { buffer } from 'node:stream/consumers';
import { AppError } from '@maydan/common';
import type { OlderMedia } from '../OlderMedia.ts';
import { PlaylistText } from '../playlists/PlaylistText.ts';
import type { HttpExchange } from './HttpExchange.ts';
import { playlistAnswer } from './playlistAnswer.ts';
import type { Resource } from './route.ts';
import { sendOlder } from './sendOlder.ts';

/** A four-hour playlist has under a megabyte; more is not one of ours. */
const MAX_PLAYLIST_BYTES = 16 * 1024 * 1024;
const CACHED_PLAYLISTS = 200;
const CACHED_BYTES = 32 * 1024 * 1024;
/** Recordings don't change, but they are deleted or finished anew. */
const MAX_AGE_SEC = 60;
const KEEP_MS = 10_000;

interface Cached {
  readonly text: Promise<PlaylistText | null>;
  readonly untilMs: number;
  bytes: number;
}

/** Serves recordings from storage. Playlists are read and compressed once for all who ask within some seconds. */
export class StoredPlayback {
  readonly #playlists = new Map<string, Cached>();
  #cachedBytes = 0;

  /** Throws AppError `not_found`, and whatever the storage throws. */
  async handle(
    exchange: HttpExchange,
    playbackId: string,
    stored: OlderMedia,
    resource: Resource,
  ): Promise<void> {
    if (resource.type === 'part') throw new AppError('not_found');
    if (resource.type !== 'multivariant' && resource.type !== 'media' && resource.type !== 'iFrames')
      return sendOlder(exchange, stored, resource);
    const text = await this.#playlist(`${playbackId}/${resource.path}`, stored, resource.path);
    if (!text) throw new AppError('not_found');
    if (!exchange.isOver) exchange.send(playlistAnswer(text, exchange.acceptsGzip, MAX_AGE_SEC));
  }

  #playlist(key: string, stored: OlderMedia, path: string): Promise<PlaylistText | null> {
    const nowMs = performance.now();
    const known = this.#playlists.get(key);
    if (known && known.untilMs > nowMs) return known.text;
    this.#forget(key);
    const cached: Cached = { text: readPlaylist(stored, path), untilMs: nowMs + KEEP_MS, bytes: 0 };
    this.#playlists.set(key, cached);
    cached.text.then(
      (text) => this.#weigh(key, cached, text),
      () => this.#forget(key, cached),
    );
    return cached.text;
  }

  #weigh(key: string, cached: Cached, text: PlaylistText | null): void {
    if (!text) return this.#forget(key, cached);
    if (this.#playlists.get(key) !== cached) return;
    cached.bytes = text.identity.length;
    this.#cachedBytes += cached.bytes;
    for (const oldest of this.#playlists.keys()) {
      if (this.#playlists.size <= CACHED_PLAYLISTS && this.#cachedBytes <= CACHED_BYTES) return;
      this.#forget(oldest);
    }
  }

  #forget(key: string, only?: Cached): void {
    const known = this.#playlists.get(key);
    if (!known || (only && known !== only)) return;
    this.#cachedBytes -= known.bytes;
    this.#playlists.delete(key);
  }
}

async function readPlaylist(stored: OlderMedia, path: string): Promise<PlaylistText | null> {
  const opened = await stored.open(path);
  if (!opened) return null;
  if (opened.contentLength > MAX_PLAYLIST_BYTES) {
    if (!Buffer.isBuffer(opened.body)) opened.body.destroy();
    throw new AppError('internal', undefined, undefined, { cause: new Error(`${path} is too large.`) });
  }
  const bytes = Buffer.isBuffer(opened.body) ? opened.body : await buffer(opened.body);
  return new PlaylistText(bytes.toString('latin1'));
}
