/** What came in of one stream since it was last asked. */
export interface InputFigures {
  readonly packets: number;
  /** Packets that never came. */
  readonly lost: number;
  readonly byteLength: number;
  /** Whole pictures. */
  readonly pictures: number;
  /** Of these, those that were whole only after the moment in which they were to be shown. */
  readonly latePictures: number;
  /** Pictures that couldn't be used. */
  readonly droppedPictures: number;
  readonly keyFramesAsked: number;
}

export const noFigures: InputFigures = {
  packets: 0,
  lost: 0,
  byteLength: 0,
  pictures: 0,
  latePictures: 0,
  droppedPictures: 0,
  keyFramesAsked: 0,
};
