import { NodeClock } from '../rtp/StreamClock.ts';
import { PlayoutDelay } from './PlayoutDelay.ts';
import { VideoInput } from './VideoInput.ts';

/** Each packet is a picture of its own, 40 ms apart; the first one is a key frame. */
function arriving(order: readonly number[], delayOf = (_sequence: number): number => 0) {
  const input = new VideoInput({
    codec: 'vp8',
    node: new NodeClock(),
    delay: new PlayoutDelay(),
    askKeyFrame: () => undefined,
  });
  const heard: { sequence: number; captureMs: number }[] = [];
  input.on('picture', ({ timestamp }, captureMs) => heard.push({ sequence: timestamp / 3_600, captureMs }));
  for (const [at, sequence] of order.entries()) {
    const payload = Uint8Array.of(0x10, sequence === 0 ? 0x10 : 0x11, 7);
    const packet = {
      payloadType: 101,
      marker: true,
      sequence,
      timestamp: sequence * 3_600,
      ssrc: 1,
      payload,
    };
    input.packet(packet, 1_000 + at * 40 + delayOf(sequence));
  }
  return {
    figures: input.figures,
    pictures: heard.map(({ sequence }) => sequence),
    captureMs: heard.map(({ captureMs }) => captureMs),
  };
}

describe('pictures of a stream', () => {
  it('are all told when a packet came again, after those that waited for it', () => {
    const { pictures, captureMs } = arriving([0, 1, 3, 4, 2, 5, 7, 6, 8]);
    expect(pictures).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
    expect(captureMs).toEqual(captureMs.toSorted((a, b) => a - b));
  });

  it('are counted, and those that are whole only after their time', () => {
    const order = Array.from({ length: 40 }, (_, at) => at);
    expect(arriving(order).figures).toMatchObject({ pictures: 40, latePictures: 0, droppedPictures: 0 });
    const held = arriving(order, (sequence) => (sequence >= 20 && sequence < 30 ? (30 - sequence) * 40 : 0));
    expect(held.figures).toMatchObject({ pictures: 40, droppedPictures: 0 });
    // Of 40 to 400 ms those beyond the usual delay of 250 ms.
    expect(held.figures.latePictures).toBe(4);
    expect(arriving([0, 1, 2, 4, 5, 6, 7, 8, 9]).figures.droppedPictures).toBeGreaterThan(0);
  });
});
