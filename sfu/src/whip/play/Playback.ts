import type { PlayedLineInit } from './PlayedLine.ts';
import { PlayedLine } from './PlayedLine.ts';

export interface PlaybackInit extends Omit<PlayedLineInit, 'playable'> {
  readonly playables: readonly PlayedLineInit['playable'][];
}

/** What a WHEP player receives, for as long as its peer is in the room. */
export class Playback {
  readonly #lines: readonly PlayedLine[];

  /** Resolves when each m-line has what there is for it. */
  static async start(init: PlaybackInit): Promise<Playback> {
    const playback = new Playback(init);
    await playback.#update();
    return playback;
  }

  private constructor({ playables, ...rest }: PlaybackInit) {
    this.#lines = playables.map((playable) => new PlayedLine({ ...rest, playable }));
    const { room, peer, transport } = rest;
    const update = (): void => void this.#update();
    const events = ['producerAdded', 'producerChanged', 'producerRemoved'] as const;
    for (const event of events) room.on(event, update);
    transport.on('dtlsstatechange', update);
    peer.once('closed', () => {
      for (const event of events) room.off(event, update);
    });
  }

  /** True when at least one m-line has a producer. */
  get isPlaying(): boolean {
    return this.#lines.some(({ producerId }) => producerId !== null);
  }

  async #update(): Promise<void> {
    await Promise.all(this.#lines.map((line) => line.update()));
  }
}
