import type { types } from 'mediasoup';

export interface NetworkScore {
  /** 0 (unusable) to 10 (perfect); null while nothing is sent or received. */
  readonly sending: number | null;
  readonly receiving: number | null;
}

/** The part of a mediasoup Producer and Consumer that tells how well its packets travel. */
export interface Scored {
  readonly sent: Iterable<{ readonly paused: boolean; readonly score: readonly types.ProducerScore[] }>;
  readonly received: Iterable<{
    readonly paused: boolean;
    readonly producerPaused: boolean;
    readonly score: { readonly score: number };
  }>;
}

/**
 * How well a peer's network works: its worst stream in each direction. Of a simulcast the best layer counts, since a
 * browser that is short of bandwidth switches the others off by itself. What is paused says nothing.
 */
export function networkScoreOf({ sent, received }: Scored): NetworkScore {
  const sending = [...sent]
    .filter(({ paused, score }) => !paused && score.length > 0)
    .map(({ score }) => Math.max(...score.map((layer) => layer.score)));
  const receiving = [...received]
    .filter(({ paused, producerPaused }) => !paused && !producerPaused)
    .map(({ score }) => score.score);
  return { sending: lowest(sending), receiving: lowest(receiving) };
}

function lowest(scores: readonly number[]): number | null {
  return scores.length === 0 ? null : Math.min(...scores);
}
