import { waitUntil } from '@maydan/infra';
import { OwnPauses } from '../testing/standStill.ts';
import { layoutOf, type Tile } from './compose/layout.ts';
import { makeSteadyClip, type Clip, type ClipOptions } from './testing/clip.ts';
import { childrenOf, isComposer } from './testing/processes.ts';
import type { StagePerson } from './testing/StagePerson.ts';
import { StageStack, type StageStackOptions } from './testing/StageStack.ts';
import {
  longestSilenceMs,
  nameOf,
  newestPicture,
  pictureTrack,
  tonesOf,
  type Area,
} from './testing/watch.ts';

const colours = {
  ...{ red: '0xc02020', green: '0x20a020', blue: '0x2020c0', yellow: '0xc0c020' },
  ...{ magenta: '0xc020c0', cyan: '0x20c0c0', grey: '0x808080', white: '0xe0e0e0' },
};
type Name = keyof typeof colours;
const names = Object.keys(colours) as Name[];
const size = { width: 320, height: 180 };
const patienceMs = 60_000;
/** A picture that stood for so long is no switch any more; busy machines make some late. Nobody sends while this process stands still. */
const mostStillMs = 1_000;
/** Two frames of AAC; of a standstill of this process a second is made good. */
const mostSilentMs = 45;

const clipOf = (name: Name, options: Partial<ClipOptions> & Pick<ClipOptions, 'codec'>): Promise<Clip> =>
  makeSteadyClip({ colour: colours[name], toneHz: 1_000 }, { size: '160x90', ...options });

/** The upper half of a tile, where no name stands. */
function middleOf({ x, y, width, height }: Tile): Area {
  const even = (value: number): number => 2 * Math.floor(value / 2);
  const margin = even(width / 8);
  return { x: x + margin, y: y + 4, width: width - 2 * margin, height: even(height / 2) - 4 };
}

describe('a composed stage', () => {
  let current: StageStack | null = null;
  afterEach(async () => {
    await current?.close();
    current = null;
  }, 60_000);

  /** On air with all who are to be there; `shows` waits until viewers see these colours in the tiles of a layout. */
  async function onAir(options: StageStackOptions, join: (stack: StageStack) => Promise<unknown>) {
    const stack = await StageStack.start(options);
    current = stack;
    await join(stack);
    await stack.startJob();
    const { relayUrl } = await stack.fact('ingest.published', patienceMs);
    const pauses = OwnPauses.watch();
    const recording = await stack.record(relayUrl);
    const canvas = options.height === 360 ? { width: 640, height: 360 } : size;
    const shows = async (layout: 'grid' | 'spotlight', wanted: readonly Name[]): Promise<void> => {
      const people = wanted.map((name) => ({
        peerId: name,
        isHost: true,
        hasCamera: true,
        sharesScreen: false,
      }));
      const tiles = layoutOf(people, canvas, layout);
      let seen: (Name | null)[] = [];
      const look = async (): Promise<boolean> => {
        const colourOf = await newestPicture(recording.file, canvas);
        seen = tiles.map((tile) => nameOf(colourOf(middleOf(tile)), colours));
        return seen.every((name, at) => name === wanted[at]);
      };
      await waitUntil(`${wanted.join()} in a ${layout}`, look, patienceMs, 300).catch((cause: unknown) => {
        throw new Error(`${wanted.join()} in a ${layout}, but seen were ${seen.join()}`, { cause });
      });
    };
    return { stack, recording, shows, pauses };
  }

  it('changes its layout as the host says, also while its composer breaks, without a break', async () => {
    const clips = [await clipOf('red', { codec: 'vp8' }), await clipOf('blue', { codec: 'h264' })] as const;
    const others = new Set(childrenOf(process.pid).filter(isComposer));
    const { stack, recording, shows, pauses } = await onAir({}, async (stage) => {
      for (const clip of clips) await stage.join('', clip);
    });
    await shows('grid', ['red', 'blue']);
    await stack.control({ stageLayout: 'spotlight' });
    await shows('spotlight', ['red', 'blue']);
    for (const pid of childrenOf(process.pid).filter(isComposer))
      if (!others.has(pid)) process.kill(pid, 'SIGKILL');
    await stack.shows(0, 2);
    await stack.pictures(30);
    await shows('spotlight', ['red', 'blue']);
    await stack.control({ stageLayout: 'grid' });
    await shows('grid', ['red', 'blue']);
    const file = await recording.stop();
    const stoodMs = pauses.stop();
    expect((await pictureTrack(file)).sizes).toEqual(['320x180']);
    expect(await longestSilenceMs(file)).toBeLessThan(mostSilentMs + stoodMs);
    expect((await stack.facts()).filter(({ type }) => type.startsWith('ingest.'))).toHaveLength(1);
  }, 180_000);

  it('follows cameras that are switched: to another codec and size, and within the same stream', async () => {
    const red = await clipOf('red', { codec: 'h264' });
    const blue = await clipOf('blue', { codec: 'h264' });
    const square = await clipOf('yellow', { codec: 'vp8', size: '240x180' });
    const larger = await clipOf('cyan', { codec: 'vp8', size: '320x180' });
    const people: StagePerson[] = [];
    const { recording, shows, pauses } = await onAir({}, async (stage) => {
      for (const clip of [red, blue]) people.push(await stage.join('', clip));
    });
    await shows('grid', ['red', 'blue']);
    await people[1]?.switchCamera(square);
    await shows('grid', ['red', 'yellow']);
    people[1]?.camera.change(larger);
    await shows('grid', ['red', 'cyan']);
    people[0]?.camera.change(blue);
    await shows('grid', ['blue', 'cyan']);
    const file = await recording.stop();
    const stoodMs = pauses.stop();
    const track = await pictureTrack(file);
    expect(track.sizes).toEqual(['320x180']);
    expect(track.longestGapMs).toBeLessThan(mostStillMs + stoodMs);
    expect(await longestSilenceMs(file)).toBeLessThan(mostSilentMs + stoodMs);
  }, 180_000);

  it('follows the camera of a lone sender of H.264, who is composed until the new one is steady', async () => {
    const [red, blue] = await Promise.all([
      clipOf('red', { codec: 'h264', size: '320x180' }),
      clipOf('blue', { codec: 'h264', size: '240x180' }),
    ]);
    const people: StagePerson[] = [];
    const { stack, recording, pauses } = await onAir({ height: 360 }, async (stage) => {
      people.push(await stage.join('', red));
    });
    await stack.mode('passed');
    await stack.pictures(15);
    await people[0]?.switchCamera(blue);
    await stack.mode('composed');
    await stack.mode('passed');
    await stack.pictures(15);
    const file = await recording.stop();
    const stoodMs = pauses.stop();
    const track = await pictureTrack(file);
    expect(track.sizes).toEqual(['320x180', '640x360', '240x180']);
    expect(track.longestGapMs).toBeLessThan(mostStillMs + stoodMs);
    expect(await longestSilenceMs(file)).toBeLessThan(mostSilentMs + stoodMs);
    // As large as the first one: so ffmpeg gives them all.
    const colourOf = await newestPicture(file, size);
    expect(nameOf(colourOf({ x: 60, y: 20, width: 200, height: 140 }), colours)).toBe('blue');
  }, 180_000);

  it('shows eight cameras', async () => {
    const clips = await Promise.all(names.map((name) => clipOf(name, { codec: 'vp8', size: '96x54' })));
    const { recording, shows } = await onAir({}, async (stage) => {
      for (const clip of clips) await stage.join('', clip);
    });
    await shows('grid', names);
    expect((await pictureTrack(await recording.stop())).sizes).toEqual(['320x180']);
  }, 180_000);

  it('mixes twenty voices of an audio room, each once', async () => {
    const tones = Array.from({ length: 20 }, (_, at) => 400 + 150 * at);
    const silent = tones.map((hz) => hz + 75);
    const level = 0.03;
    const { recording, pauses } = await onAir({ sessionType: 'audio' }, async (stage) => {
      for (const toneHz of tones) {
        const voice = { colour: 'black', toneHz, level };
        const clip = await makeSteadyClip(voice, { codec: 'vp8', size: '32x32' });
        await stage.join('', clip, { video: false });
      }
    });
    let heard: number[] = [];
    const listen = async (): Promise<boolean> => {
      heard = await tonesOf(recording.file, tones);
      return heard.every((loudness) => loudness > level / 2);
    };
    await waitUntil('everybody', listen, patienceMs, 500).catch((cause: unknown) => {
      throw new Error(`heard were ${heard.map((loudness) => loudness.toFixed(3)).join()}`, { cause });
    });
    // Twice as loud would be an echo.
    expect(Math.max(...heard)).toBeLessThan(level * 1.5);
    const file = await recording.stop();
    const stoodMs = pauses.stop();
    expect(Math.max(...(await tonesOf(file, silent)))).toBeLessThan(level / 4);
    expect(await longestSilenceMs(file)).toBeLessThan(mostSilentMs + stoodMs);
  }, 180_000);

  it('shows VP9, AV1 and of a simulcast the layer that fits its tile', async () => {
    const layers = (['red', 'yellow', 'magenta'] as const).map((name, at) =>
      clipOf(name, { codec: 'vp8', size: `${80 * 2 ** at}x${44 * 2 ** at}` }),
    );
    const [small, middle, large] = (await Promise.all(layers)) as [Clip, Clip, Clip];
    const others = [await clipOf('green', { codec: 'vp9' }), await clipOf('blue', { codec: 'av1' })];
    const { stack, shows } = await onAir({ height: 360 }, async (stage) => {
      await stage.join('', large, { lower: [small, middle] });
      for (const clip of others) await stage.join('', clip);
    });
    await shows('grid', ['red', 'green', 'blue']);
    await stack.control({ stageLayout: 'spotlight' });
    await shows('spotlight', ['yellow', 'green', 'blue']);
    await stack.control({ stageLayout: 'grid' });
    await shows('grid', ['red', 'green', 'blue']);
  }, 180_000);
});
