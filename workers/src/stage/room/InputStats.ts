/** What came in of one stream since it was last asked. */
export interface InputFigures {
  readonly packets: number;
  /** Packets that never came. */
  readonly lost: number;
  readonly byteLength: number;
  /** Pictures that couldn't be used. */
  readonly droppedPictures: number;
  readonly keyFramesAsked: number;
}

export const noFigures: InputFigures = {
  packets: 0,
  lost: 0,
  byteLength: 0,
  droppedPictures: 0,
  keyFramesAsked: 0,
};
