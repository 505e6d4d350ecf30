import type { Readable } from 'node:stream';

/** First and last byte, both included, as in an HTTP Range header; already resolved to plain offsets or open. */
export interface ByteRange {
  readonly start: number;
  /** Absent: to the end of the file. */
  readonly end?: number;
}

export interface OpenedMedia {
  /** Bytes in `body`: the whole file, or the part asked for. */
  readonly contentLength: number;
  readonly body: Readable | Buffer;
  /** Present when only a part is returned. `size` is that of the whole file. */
  readonly range?: { readonly start: number; readonly end: number; readonly size: number };
}

/**
 * Files of one playback that are no longer (or never were) in the origin's memory: spool on disk, then S3.
 * The origin declares what it needs; the recording implements it.
 */
export interface OlderMedia {
  /**
   * Opens a file by its path relative to the playback's root (`720p/s12-3.m4s`, `index.m3u8`, `poster.jpg`).
   * Null when there is no such file. A `range` that starts past the end is answered with a RangeError.
   * The caller consumes or destroys a Readable body.
   */
  open(path: string, range?: ByteRange): Promise<OpenedMedia | null>;
}
