import { waitUntil } from '@maydan/infra';
import { makeClip, type Clip } from './testing/clip.ts';
import { StageStack } from './testing/StageStack.ts';
import { beeps, flashes, flvTags, lipSync, lumaOf, median, pictureTrack } from './testing/watch.ts';

/** Lips and voice may be this far apart. */
const lipSyncMs = 100;
/** Amplitude of one person's tone behind the codecs; twice as much would be an echo. */
const oneVoice = { least: 0.15, most: 0.42 };
/** Where the first and the second of two people are, without their labels, on 320x180. */
const left = { x: 20, y: 55, width: 100, height: 30 };
const right = { x: 180, y: 55, width: 100, height: 30 };
const all = { x: 40, y: 20, width: 240, height: 100 };
const tones = { a: 1_000, b: 2_300 };

describe('a composed stage', () => {
  let clips: { a: Clip; b: Clip };
  let current: StageStack | null = null;

  beforeAll(async () => {
    clips = {
      a: await makeClip({ periodSec: 1, toneHz: tones.a, colour: '0x203050' }, { codec: 'vp8' }),
      b: await makeClip({ periodSec: 1.5, toneHz: tones.b, colour: '0x502020' }, { codec: 'h264' }),
    };
  }, 60_000);
  afterEach(async () => {
    await current?.close();
    current = null;
  });
  const start = async (options?: Parameters<typeof StageStack.start>[0]): Promise<StageStack> => {
    current = await StageStack.start(options);
    return current;
  };

  it.each([
    ['', 0],
    [', also when every fiftieth packet is lost', 0.02],
  ])(
    'shows and mixes everybody in sync%s',
    async (_name, loss) => {
      const stack = await start();
      const layla = await stack.join('Layla', clips.a, { loss });
      await stack.join('محمد', clips.b, { loss });
      await stack.startJob();
      const published = await stack.fact('ingest.published', 60_000);
      expect(published).toMatchObject({ epoch: 1, sourceKind: 'stage' });
      await stack.shows(2);
      const recording = await stack.record(published.relayUrl);
      // Six flashes of the slower clip, of which a busy machine leaves some out.
      await stack.goesOn(10_000);
      const isSeen = async (): Promise<boolean> => {
        const ofEach = await Promise.all([left, right].map((area) => flashes(recording.file, area)));
        return ofEach.every((seen) => seen.length > 2);
      };
      await waitUntil('three flashes of each', isSeen, 60_000, 500);
      const file = await recording.stop();
      for (const [area, tone] of [
        [left, tones.a],
        [right, tones.b],
      ] as const) {
        const seen = await flashes(file, area);
        const heard = await beeps(file, tone);
        expect(seen.length).toBeGreaterThan(2);
        expect(heard.length).toBeGreaterThan(2);
        const apart = lipSync(
          seen,
          heard.map(({ timeSec }) => timeSec),
        ).map(Math.abs);
        expect(median(apart)).toBeLessThan(lipSyncMs);
        const loudness = median(heard.map((one) => one.loudness));
        expect(loudness).toBeGreaterThan(oneVoice.least);
        expect(loudness).toBeLessThan(oneVoice.most);
      }
      expect((await pictureTrack(file)).sizes).toEqual(['320x180']);
      const { composition } = await stack.fact('stage.composed', 60_000, 2);
      expect(composition.made).toBeGreaterThan(0);
      expect(composition.people.map(({ source, received }) => [source, received > 0])).toEqual([
        ...[['camera', true]],
        ...[['camera', true]],
      ]);
      if (loss > 0) expect(layla.sender.lost).toBeGreaterThan(0);
      // White letters stand out of the dark picture at the bottom of each tile.
      for (const x of [0, 160]) {
        const bright = await lumaOf(file, { x, y: 100, width: 60, height: 34 }, 'YMAX');
        expect(median(bright.map(({ luma }) => luma))).toBeGreaterThan(180);
      }
    },
    240_000,
  );

  it('follows joins, mutes and leaves without a break', async () => {
    const stack = await start();
    await stack.join('A', clips.a);
    await stack.startJob();
    const { relayUrl } = await stack.fact('ingest.published', 60_000);
    await stack.shows(1);
    const recording = await stack.record(relayUrl);
    const beginning = stack.mediaTimeMs;
    await stack.pictures(90);
    const b = await stack.join('B', clips.b);
    await stack.shows(2);
    const both = stack.mediaTimeMs;
    await stack.pictures(90);
    await b.setPaused('video', true);
    await b.setPaused('audio', true);
    await stack.shows(1, 2);
    const muted = stack.mediaTimeMs;
    await stack.pictures(75);
    await b.close();
    await stack.shows(1, 1);
    const alone = stack.mediaTimeMs;
    // A flash a second, of which the end of the recording may lack one.
    await stack.pictures(90);
    const end = stack.mediaTimeMs;
    const file = await recording.stop();
    const track = await pictureTrack(file);
    expect(track.sizes).toEqual(['320x180']);
    const seen = async (area: typeof all, fromMs: number, toMs: number): Promise<number> =>
      (await flashes(file, area)).filter((sec) => sec * 1_000 > fromMs + 300 && sec * 1_000 < toMs).length;
    expect(await seen(all, beginning, both)).toBeGreaterThan(0);
    expect(await seen(left, both, muted)).toBeGreaterThan(0);
    expect(await seen(right, both, muted)).toBeGreaterThan(0);
    expect(await seen(right, muted, alone)).toBe(0);
    expect(await seen(left, muted, alone)).toBeGreaterThan(0);
    expect(await seen(all, alone, end)).toBeGreaterThan(0);
    const silent = (await beeps(file, tones.b)).filter(({ timeSec }) => timeSec * 1_000 > muted + 300);
    expect(silent).toEqual([]);
    expect((await stack.facts()).filter(({ type }) => type === 'ingest.published')).toHaveLength(1);
  }, 240_000);

  it('passes a lone H.264 picture on, composes when somebody joins, and passes on again', async () => {
    const stack = await start({ height: 360 });
    await stack.join('B', clips.b);
    await stack.startJob();
    const { relayUrl } = await stack.fact('ingest.published', 60_000);
    await stack.mode('passed');
    const recording = await stack.record(relayUrl);
    await stack.pictures(75);
    const a = await stack.join('A', clips.a);
    await stack.mode('composed');
    await stack.pictures(45);
    await a.close();
    await stack.mode('passed');
    await stack.pictures(45);
    const file = await recording.stop();
    expect((await pictureTrack(file)).sizes).toEqual(['320x180', '640x360', '320x180']);
    const seen = await flashes(file, all);
    const heard = (await beeps(file, tones.b)).map(({ timeSec }) => timeSec);
    expect(median(lipSync(seen, heard).map(Math.abs))).toBeLessThan(lipSyncMs);
  }, 240_000);

  it('of an audio session is sound alone', async () => {
    const stack = await start({ sessionType: 'audio' });
    await stack.join('A', clips.a, { video: false });
    await stack.join('B', clips.b, { video: false });
    await stack.startJob();
    const { relayUrl } = await stack.fact('ingest.published', 60_000);
    const recording = await stack.record(relayUrl);
    await waitUntil('some seconds of sound', () => stack.byteLength > 60_000, 60_000);
    const file = await recording.stop();
    expect(new Set((await flvTags(file)).map(({ type }) => type))).toEqual(new Set(['script', 'audio']));
    expect((await beeps(file, tones.a)).length).toBeGreaterThan(1);
    expect((await beeps(file, tones.b)).length).toBeGreaterThan(1);
  }, 180_000);
});
