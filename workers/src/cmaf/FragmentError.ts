/**
 * - `malformed`: not ISO base media, or boxes that contradict each other.
 * - `tooLarge`: a box or sample above the reader's limits.
 * - `unsupported`: well-formed, but not the single H.264 or AAC track that is expected.
 */
export type FragmentErrorReason = 'malformed' | 'tooLarge' | 'unsupported';

/** Fragmented MP4 that can't be used; the reader that threw it can't go on. */
export class FragmentError extends Error {
  readonly reason: FragmentErrorReason;

  constructor(reason: FragmentErrorReason, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'FragmentError';
    this.reason = reason;
  }
}
