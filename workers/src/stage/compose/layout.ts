import type { StageLayout } from '@maydan/contracts';

/** How a picture has to come out. */
export interface TileShape {
  /** Even. */
  readonly width: number;
  readonly height: number;
  /** `cover`: people, cropped a little to fill the tile unless they are upright. `contain`: screens, shown whole. */
  readonly fit: 'cover' | 'contain';
}

/** A picture of somebody on stage, or the place for one. */
export interface TileContent {
  /** Unique on stage: peer and source. */
  readonly key: string;
  readonly peerId: string;
  readonly source: 'camera' | 'screen';
}

export interface CanvasSize {
  readonly width: number;
  readonly height: number;
}

/** Where a tile stands; all numbers are even, since chroma has half the resolution. */
export interface Tile extends TileContent, TileShape {
  readonly x: number;
  readonly y: number;
}

/** What the layout has to know of a person. */
export interface Person {
  readonly peerId: string;
  readonly isHost: boolean;
  readonly hasCamera: boolean;
  readonly sharesScreen: boolean;
}

const even = (value: number): number => 2 * Math.floor(value / 2);
/** Beside a shared screen tiles are no larger than this share of the height. */
const largestSideShare = 1 / 4;
const aspect = 16 / 9;
/** More people than this can't be told apart in a picture: further ones without a camera are names in a strip below. */
export const mostTiles = 9;
const namesInRow = 6;
/** Of a row of names, as a share of the picture's height; no lower than its letters. */
const nameShare = 1 / 12;
const lowestName = 28;

/**
 * Where everybody is shown, in the order given (the host first): in a grid, or the host large with the others beside; when
 * somebody shares a screen, the (first) screen large with the people beside it. Nobody is left out, and no camera for somebody
 * without one. Pure.
 */
export function layoutOf(people: readonly Person[], canvas: CanvasSize, layout: StageLayout): Tile[] {
  const seats = seatsOf(people);
  const names = people.filter((person) => !seats.has(person)).map(contentOf);
  const rows = Math.ceil(names.length / namesInRow);
  const nameHeight = Math.max(lowestName, even(canvas.height * nameShare));
  const area = { width: canvas.width, height: canvas.height - rows * nameHeight };
  const shown = arranged(
    people,
    people.filter((person) => seats.has(person)),
    area,
    layout,
  );
  return [...shown, ...strip(names, { ...area, nameHeight })];
}

/** `seated`: those with a tile of their own. */
function arranged(
  people: readonly Person[],
  seated: readonly Person[],
  area: CanvasSize,
  layout: StageLayout,
): Tile[] {
  const presenter = people.find(({ sharesScreen }) => sharesScreen);
  if (presenter !== undefined) return presentation(presenter.peerId, seated.map(contentOf), area);
  const isGrid = layout === 'grid' || seated.length < 2;
  return isGrid ? grid(seated.map(contentOf), area) : spotlight(seated, area);
}

/** Who has a tile of their own: those with a camera before the others. */
function seatsOf(people: readonly Person[]): ReadonlySet<Person> {
  const byCamera = people.toSorted((a, b) => Number(b.hasCamera) - Number(a.hasCamera));
  return new Set(byCamera.slice(0, mostTiles));
}

function contentOf({ peerId }: Person): TileContent {
  return { key: `${peerId}/camera`, peerId, source: 'camera' };
}

/** Names side by side, below what takes `height` of the picture. */
function strip(
  contents: readonly TileContent[],
  { width, height, nameHeight }: CanvasSize & { nameHeight: number },
): Tile[] {
  const size = { width: even(width / namesInRow), height: nameHeight };
  return contents.map((content, index) => {
    const row = Math.floor(index / namesInRow);
    const inRow = Math.min(namesInRow, contents.length - row * namesInRow);
    const left = even((width - inRow * size.width) / 2);
    const x = left + (index % namesInRow) * size.width;
    return { ...content, ...size, x, y: height + row * nameHeight, fit: 'cover' };
  });
}

function grid(contents: readonly TileContent[], canvas: CanvasSize): Tile[] {
  const columns = Math.ceil(Math.sqrt(contents.length));
  const rows = Math.ceil(contents.length / Math.max(1, columns));
  const side = even(Math.min(canvas.width / columns, (canvas.height / rows) * aspect));
  const size = { width: side, height: even(side / aspect) };
  const top = even((canvas.height - rows * size.height) / 2);
  return contents.map((content, index) => {
    const row = Math.floor(index / columns);
    // A row that isn't full stands in the middle.
    const inRow = Math.min(columns, contents.length - row * columns);
    const left = even((canvas.width - inRow * size.width) / 2);
    const x = left + (index % columns) * size.width;
    return { ...content, ...size, x, y: top + row * size.height, fit: 'cover' };
  });
}

function presentation(peerId: string, cameras: readonly TileContent[], canvas: CanvasSize): Tile[] {
  const side = column(cameras, canvas);
  const screen: Tile = {
    ...{ key: `${peerId}/screen`, peerId, source: 'screen', fit: 'contain' },
    ...{ x: 0, y: 0, width: side.left, height: canvas.height },
  };
  return [screen, ...side.tiles];
}

/** A host may be there with several devices: one with a camera is the large one. Without a host it is who came first. */
function spotlight(people: readonly Person[], canvas: CanvasSize): Tile[] {
  const large = people.find(({ isHost, hasCamera }) => isHost && hasCamera) ?? people[0];
  if (large === undefined) return [];
  const others = people.filter((person) => person !== large);
  const side = column(others.map(contentOf), canvas);
  const width = even(Math.min(side.left, canvas.height * aspect));
  const height = even(width / aspect);
  const [x, y] = [even((side.left - width) / 2), even((canvas.height - height) / 2)];
  return [{ ...contentOf(large), x, y, width, height, fit: 'cover' }, ...side.tiles];
}

/** People below each other at the right side; `left` is what they leave of the width. */
function column(contents: readonly TileContent[], canvas: CanvasSize): { tiles: Tile[]; left: number } {
  const height = even(canvas.height * Math.min(largestSideShare, 1 / contents.length));
  const size = { width: even(height * aspect), height };
  const top = even((canvas.height - contents.length * height) / 2);
  const left = canvas.width - size.width;
  const tiles = contents.map((content, index): Tile => ({
    ...content,
    ...size,
    x: left,
    y: top + index * height,
    fit: 'cover',
  }));
  return { tiles, left };
}
