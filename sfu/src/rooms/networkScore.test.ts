import { networkScoreOf } from './networkScore.ts';

const layer = (score: number) => ({ encodingIdx: 0, ssrc: 1, score });

describe('networkScoreOf', () => {
  it('is that of the worst stream, and of the best layer of a simulcast', () => {
    const sent = [
      { paused: false, score: [layer(0), layer(8)] },
      { paused: false, score: [layer(9)] },
    ];
    const received = [
      { paused: false, producerPaused: false, score: { score: 10 } },
      { paused: false, producerPaused: false, score: { score: 4 } },
    ];
    expect(networkScoreOf({ sent, received })).toEqual({ sending: 8, receiving: 4 });
  });

  it('is unknown for what is paused or not there', () => {
    const sent = [
      { paused: true, score: [layer(1)] },
      { paused: false, score: [] },
    ];
    const received = [{ paused: false, producerPaused: true, score: { score: 0 } }];
    expect(networkScoreOf({ sent, received })).toEqual({ sending: null, receiving: null });
  });
});
