import { waitUntil } from '@maydan/infra';
import { avcUnits } from '../../../tests/support/rtmp/avcUnits.ts';
import { FlvReader } from '../../../tests/support/rtmp/FlvReader.ts';
import { keyFrames, nalUnits, wholePictures } from '../../../tests/support/rtp/h264Stream.ts';
import { nalType, typeOfNal } from '../source/nalUnits.ts';
import { childrenWith } from '../source/testing/children.ts';
import type { FlvFeed } from '../testing/FlvRelay.ts';
import { ForwardStack, publishFeed } from './testing/ForwardStack.ts';
import type { RtpViewer } from './testing/RtpViewer.ts';

const patienceMs = 45_000;
let stack: ForwardStack;
/** What the publisher has sent so far, over each of its connections. */
const published: FlvReader[] = [];

const feed: FlvFeed = (response) => {
  const connection = new FlvReader();
  published.push(connection);
  return publishFeed({ group: 150 }, (bytes) => connection.write(bytes))(response);
};

beforeAll(async () => {
  stack = await ForwardStack.start(feed);
  await stack.publish();
  await stack.startJob();
}, 120_000);
afterAll(() => stack?.close(), 60_000);

const isSlice = (nal: Buffer): boolean => typeOfNal(nal) === nalType.slice || typeOfNal(nal) === nalType.idr;
const isSet = (nal: Buffer): boolean => typeOfNal(nal) === nalType.sps || typeOfNal(nal) === nalType.pps;
const hex = (units: readonly Buffer[]): string[] => units.map((nal) => nal.toString('hex'));

/** The NAL units of all whole pictures so far, from the first key frame on. */
function received(viewer: RtpViewer): Buffer[] {
  const packets = viewer.of('video');
  return keyFrames(packets).length === 0 ? [] : nalUnits(wholePictures(packets));
}

describe('an RTMP source in its room', () => {
  it('has its H.264 untouched: byte for byte the NAL units that were published, for who comes late, too', async () => {
    const { view } = stack;
    for (const who of ['who comes early', 'who comes in the middle of a group']) {
      const viewer = await view();
      const count = (): number => received(viewer).filter(isSlice).length;
      await waitUntil(`200 slices for ${who}`, () => count() >= 200, patienceMs, 200);
      const units = received(viewer);
      const sent = published.flatMap(({ messages }) => avcUnits(messages));
      const [slices, sentSlices] = [hex(units.filter(isSlice)), hex(sent.filter(isSlice))];
      const first = sentSlices.indexOf(slices[0] ?? '');
      expect(first).toBeGreaterThanOrEqual(0);
      expect(slices).toEqual(sentSlices.slice(first, first + slices.length));
      expect(units.filter((nal) => typeOfNal(nal) === nalType.idr).length).toBeGreaterThan(0);
      expect(new Set(hex(units.filter(isSet)))).toEqual(new Set(hex(sent.filter(isSet))));
    }
    expect(stack.forward.sessions.map(({ isTranscoding }) => isTranscoding)).toEqual([false]);
  }, 150_000);

  it('has its sound encoded once, however many receive it: players by WHEP and services', async () => {
    const encoders = (): Promise<number[]> => childrenWith('libopus');
    const first = await stack.view();
    await first.receive('audio', 50, patienceMs);
    const before = await encoders();
    expect(before).toHaveLength(1);
    const players = [await stack.play(), await stack.play()];
    const second = await stack.view();
    await second.receive('audio', 50, patienceMs);
    for (const player of players) {
      await waitUntil('a player that hears it', () => Number(player.last('peak') ?? 0) > 5_000, patienceMs);
    }
    expect(await encoders()).toEqual(before);
  }, 180_000);
});
