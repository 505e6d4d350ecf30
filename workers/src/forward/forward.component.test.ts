import { byteStream, decodePictures, keyFrames } from '../../../tests/support/rtp/h264Stream.ts';
import { ForwardStack } from './testing/ForwardStack.ts';

let stack: ForwardStack | null = null;
afterEach(async () => {
  await stack?.close();
  stack = null;
});

describe('an RTMP source in its room', () => {
  it('is there with picture and sound, untouched', async () => {
    stack = await ForwardStack.start();
    await stack.publish();
    await stack.startJob();
    const viewer = await stack.view();
    await viewer.receive('video', 100);
    await viewer.receive('audio', 50);
    const video = viewer.of('video');
    const pictures = await decodePictures(byteStream(video.slice(keyFrames(video)[0])));
    expect(pictures).toMatchObject({ width: 320, height: 180 });
    expect(pictures.different).toBeGreaterThan(20);
  }, 40_000);
});
