import type { StageComposition } from '@maydan/contracts';
import type { InputFigures } from './room/InputStats.ts';
import type { StageTrack } from './room/StageRoom.ts';
import { VideoInput } from './room/VideoInput.ts';

/** Tells of each picture that is sent how it got into the broadcast since the last time. */
export class PeopleInPicture {
  readonly #before = new WeakMap<VideoInput, InputFigures>();

  /** Who has just come is told of the next time. */
  read(tracks: readonly StageTrack[]): StageComposition['people'] {
    return tracks.flatMap(({ peerId, source, input, isPaused }) => {
      if (!(input instanceof VideoInput)) return [];
      const now = input.figures;
      const before = this.#before.get(input);
      this.#before.set(input, now);
      if (before === undefined || isPaused) return [];
      const dropped = now.droppedPictures - before.droppedPictures;
      const late = now.latePictures - before.latePictures;
      return [{ peerId, source, received: now.pictures - before.pictures + dropped, late, dropped }];
    });
  }
}
