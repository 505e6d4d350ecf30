import type { Logger } from '../logger.ts';
import { audioLevelOf, silentLevel } from './audioLevel.ts';
import { OpusTrack } from './OpusTrack.ts';

/** Hears how loud the frames of one stream of Opus are. Frames must come in order, since each builds on those before. */
export class LevelMeter {
  readonly #log: Logger;
  #track: OpusTrack | null = null;
  #isClosed = false;

  constructor(log: Logger) {
    this.#log = log;
    OpusTrack.create().then(
      (track) => {
        if (this.#isClosed) track.close();
        else this.#track = track;
      },
      (error: unknown) => this.#log.warn({ err: error }, 'levels of the sound are not told'),
    );
  }

  /** As RFC 6464 tells it; null while that isn't known. */
  levelOf(frame: Uint8Array): number | null {
    if (this.#track === null) return null;
    const sound = this.#track.decode(frame);
    return sound === null ? silentLevel : audioLevelOf([sound.left, sound.right]);
  }

  /** Idempotent. */
  close(): void {
    this.#isClosed = true;
    this.#track?.close();
    this.#track = null;
  }
}
