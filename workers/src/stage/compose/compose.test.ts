import { labelHeightFor, labelText, trimmed } from './Labels.ts';
import { layoutOf, mostTiles, type Person, type Tile } from './layout.ts';

const canvas = { width: 1_280, height: 720 };
const people = (count: number, presenter = -1): Person[] =>
  Array.from({ length: count }, (_, at) => ({
    ...{ peerId: `p${at}`, isHost: at === 0, hasCamera: at % 3 === 0, sharesScreen: at === presenter },
  }));
const rectangle = ({ x, y, width, height }: Tile): string => `${x},${y} ${width}x${height}`;

describe('the layout', () => {
  it.each([
    [1, ['0,0 1280x720']],
    [2, ['0,180 640x360', '640,180 640x360']],
    [3, ['0,0 640x360', '640,0 640x360', '320,360 640x360']],
    [4, ['0,0 640x360', '640,0 640x360', '0,360 640x360', '640,360 640x360']],
  ])('of %i people is a grid with the last row in the middle', (count, expected) => {
    expect(layoutOf(people(count), canvas, 'grid').map(rectangle)).toEqual(expected);
  });

  it.each([
    [1, ['0,0 1280x720']],
    [2, ['0,90 960x540', '960,270 320x180']],
    [3, ['0,90 960x540', '960,180 320x180', '960,360 320x180']],
    [9, ['0,44 1120x630', ...Array.from({ length: 8 }, (_, at) => `1120,${at * 90} 160x90`)]],
  ])('of %i people with the host in the spotlight has the others beside', (count, expected) => {
    expect(layoutOf(people(count), canvas, 'spotlight').map(rectangle)).toEqual(expected);
  });

  it('has in the spotlight the host, by the device with a camera; without a host, who came first', () => {
    const large = (change: (person: Person, at: number) => Partial<Person>): string | undefined =>
      layoutOf(
        people(4).map((person, at) => ({ ...person, ...change(person, at) })),
        canvas,
        'spotlight',
      )[0]?.peerId;
    expect(large(() => ({}))).toBe('p0');
    expect(large(() => ({ hasCamera: false }))).toBe('p0');
    expect(large((_person, at) => ({ isHost: at < 2, hasCamera: at > 0 }))).toBe('p1');
    expect(large(() => ({ isHost: false }))).toBe('p0');
  });

  it.each(['grid', 'spotlight'] as const)('of a shared screen shows it large (%s)', (layout) => {
    const tiles = layoutOf(people(3, 1), canvas, layout);
    expect(tiles.map(rectangle)).toEqual([
      '0,0 960x720',
      '960,90 320x180',
      '960,270 320x180',
      '960,450 320x180',
    ]);
    expect(tiles[0]).toMatchObject({ peerId: 'p1', source: 'screen', fit: 'contain' });
    expect(tiles.slice(1).every(({ source, fit }) => source === 'camera' && fit === 'cover')).toBe(true);
  });

  it('of more people than can be told apart has the rest as names below, none with a camera', () => {
    // Every third one has a camera: 7 of 20; the two others in the grid are the first without.
    const tiles = layoutOf(people(20), canvas, 'grid');
    const large = tiles.slice(0, mostTiles);
    const names = tiles.slice(mostTiles);
    expect(large.map(({ peerId }) => peerId)).toEqual([
      'p0',
      'p1',
      'p2',
      'p3',
      'p6',
      'p9',
      'p12',
      'p15',
      'p18',
    ]);
    expect(large.map(rectangle).slice(0, 2)).toEqual(['108,2 354x198', '462,2 354x198']);
    expect(names).toHaveLength(11);
    expect(names.map(rectangle).slice(0, 2)).toEqual(['4,600 212x60', '216,600 212x60']);
    expect(names.map(rectangle).at(-1)).toBe('958,660 212x60');
  });

  it('of nobody is empty', () => {
    expect(layoutOf([], canvas, 'grid')).toEqual([]);
    expect(layoutOf([], canvas, 'spotlight')).toEqual([]);
  });

  const sizes = [
    canvas,
    { width: 640, height: 360 },
    { width: 854, height: 480 },
    { width: 320, height: 180 },
  ];
  it.each(sizes)('never leaves the canvas, overlaps or has odd numbers ($width x $height)', (size) => {
    for (let count = 1; count <= 20; count += 1) {
      for (const [presenter, layout] of [
        [-1, 'grid'],
        [-1, 'spotlight'],
        [0, 'grid'],
      ] as const) {
        const tiles = layoutOf(people(count, presenter), size, layout);
        expect(tiles).toHaveLength(count + (presenter < 0 ? 0 : 1));
        expect(new Set(tiles.map(({ peerId }) => peerId)).size).toBe(count);
        for (const [at, tile] of tiles.entries()) {
          const { x, y, width, height } = tile;
          expect([x, y, width, height].every((value) => value >= 0 && value % 2 === 0)).toBe(true);
          expect(Math.min(width, height)).toBeGreaterThan(0);
          expect(x + width <= size.width && y + height <= size.height).toBe(true);
          for (const other of tiles.slice(at + 1)) {
            const apart =
              other.x >= x + width ||
              other.x + other.width <= x ||
              other.y >= y + height ||
              other.y + other.height <= y;
            expect(apart).toBe(true);
          }
        }
      }
    }
  });
});

describe('labels', () => {
  it('are one short line without control characters', () => {
    expect(labelText('  Layla\n\u202eليلى ')).toBe('Layla  ليلى');
    expect(labelText('x'.repeat(60))).toBe(`${'x'.repeat(39)}…`);
    expect(labelText('\u200b')).toBe('');
  });

  it('are cut behind their text', () => {
    const alpha = new Uint8Array(40);
    alpha[3] = 200;
    expect(trimmed({ width: 20, height: 2, alpha })).toMatchObject({ width: 10, height: 2 });
  });

  it('can be read in small tiles and do not shout in large ones', () => {
    expect([90, 360, 720].map(labelHeightFor)).toEqual([14, 22, 30]);
  });
});
