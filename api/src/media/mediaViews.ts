import { mediaKeys, mediaRefusal, type Media as MediaView } from '@maydan/contracts';
import type { Media } from '@maydan/prisma';
import type { MediaStore } from '../storage/MediaStore.ts';

/** Addresses of files of conversations and statuses are good for 15 to 30 minutes. */
const privateWindowSec = 900;
const webp = 'image/webp';

/** Files as clients see them. Only for those who may: each view carries signed addresses. */
export class MediaViews {
  readonly #store: MediaStore;

  constructor(store: MediaStore) {
    this.#store = store;
  }

  view(row: Media, now = new Date()): MediaView {
    const { id, purpose, kind, name, type, byteLength, width, height, durationMs } = row;
    const state = row.state === 'removing' ? 'refused' : row.state;
    const address = (file: string | null, wish = { type: webp, saveAs: null as string | null }) =>
      row.state === 'ready' && file !== null
        ? this.#store.download(mediaKeys.folder(id) + file, { ...wish, windowSec: privateWindowSec }, now)
        : null;
    return {
      ...{ id, purpose, kind, state, name, type, byteLength, width, height, durationMs },
      refusal: mediaRefusal.nullable().parse(row.refusal),
      url: address(row.mainFile, { type: type ?? '', saveAs: kind === 'file' ? (name ?? 'download') : null }),
      thumbnailUrl: row.hasThumbnail ? address(mediaKeys.thumbnail) : null,
      posterUrl: row.hasPoster ? address(mediaKeys.poster) : null,
      createdAt: row.createdAt.toISOString(),
    };
  }
}
