/** One encoded picture, whole, as a decoder takes it. */
export interface EncodedPicture {
  /** 32 bits. */
  readonly timestamp: number;
  /** A decoder can begin here. */
  readonly key: boolean;
  /** H.264: NAL units, each behind its length in four bytes. VP8: the frame. VP9: a superframe. AV1: a temporal unit. */
  readonly data: Uint8Array;
  /** H.264 only, with key frames: newest parameter sets. */
  readonly parameterSets?: { readonly sps: Uint8Array; readonly pps: Uint8Array };
}

/** Puts one codec's packets together again. Payloads come in order and belong to one picture. */
export interface PictureFormat {
  /** A new picture begins. */
  begin(): void;
  /** False: the payload makes no sense here. */
  add(payload: Uint8Array): boolean;
  /** Null: no picture at all, parameter sets perhaps. `broken`: something of it is missing. */
  finish(timestamp: number): EncodedPicture | 'broken' | null;
}

/** Joins byte arrays. */
export function concat(pieces: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
