/** One H.264 picture as FLV carries it. */
export interface AvcPicture {
  /** On the playout clock (`performance.now()`). */
  readonly timeMs: number;
  readonly key: boolean;
  /** NAL units behind their lengths. */
  readonly data: Uint8Array;
}
