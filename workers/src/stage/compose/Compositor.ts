import type { Logger } from '@maydan/common';
import type { VideoInput } from '../room/VideoInput.ts';
import type { RawFrame } from '../video/FramePool.ts';
import { mostWaitingPictures } from '../video/PictureEncoder.ts';
import { blankPicture, blendLabel, placeholderColour, type Yuv } from './canvas.ts';
import { Canvases } from './Canvases.ts';
import { labelHeightFor, type Labels } from './Labels.ts';
import { layoutOf, type CanvasSize, type Tile } from './layout.ts';
import { TileVideo } from './TileVideo.ts';

/** Somebody on stage, as shown. Inputs are null while switched off. */
export interface ShownPerson {
  readonly peerId: string;
  readonly name: string;
  readonly camera: VideoInput | null;
  readonly screen: VideoInput | null;
  /** The camera's picture changes its size with the network. */
  readonly hasLayers: boolean;
}

export interface CompositorOptions {
  readonly ffmpegPath: string;
  readonly size: CanvasSize;
  readonly labels: Labels;
  /** A track is shown in that size from now on. */
  readonly onSize: (input: VideoInput, size: CanvasSize) => void;
  readonly log: Logger;
}

/** One more than may wait for the encoder: the one being drawn. */
const canvases = mostWaitingPictures + 2;
const labelMargin = 8;

/** Draws the stage: at each tick the newest due picture of everybody, in the layout of those who are there. */
export class Compositor {
  readonly size: CanvasSize;
  readonly #options: CompositorOptions;
  readonly #canvases: Canvases;
  readonly #videos = new Map<VideoInput, TileVideo>();
  readonly #placeholders = new Map<string, Yuv>();
  readonly #background: Yuv;
  /** Canvases whose pixels beside the tiles of the present layout are background. */
  readonly #prepared = new Set<Buffer>();
  #people: readonly ShownPerson[] = [];
  #tiles: readonly Tile[] = [];

  constructor(options: CompositorOptions) {
    this.#options = options;
    this.size = options.size;
    this.#canvases = new Canvases(options.size, canvases);
    this.#background = blankPicture(options.size);
  }

  get tiles(): readonly Tile[] {
    return this.#tiles;
  }

  get latePictures(): number {
    return [...this.#videos.values()].reduce((sum, { latePictures }) => sum + latePictures, 0);
  }

  /** Who is on stage from now on, the host first. */
  setPeople(people: readonly ShownPerson[]): void {
    this.#people = people;
    const shown = people.map(({ peerId, camera, screen }) => ({
      ...{ peerId, hasCamera: camera !== null, sharesScreen: screen !== null },
    }));
    this.#tiles = layoutOf(shown, this.size);
    this.#prepared.clear();
    const needed = new Set<VideoInput>();
    for (const tile of this.#tiles) {
      const input = this.#inputOf(tile);
      if (input === null) continue;
      needed.add(input);
      this.#showAs(input, tile);
    }
    for (const [input, video] of this.#videos) {
      if (needed.has(input)) continue;
      video.close();
      this.#videos.delete(input);
    }
  }

  /** Whether this track has a picture to show now. */
  hasPicture(input: VideoInput, nowMs: number): boolean {
    return this.#videos.get(input)?.advance(nowMs) ?? false;
  }

  /** How many tracks have a picture to show now. */
  shownPictures(nowMs: number): number {
    return [...this.#videos.values()].filter((video) => video.advance(nowMs)).length;
  }

  /** The picture of this moment; null when all canvases are with the encoder. Who gets it releases it. */
  draw(nowMs: number): RawFrame | null {
    const canvas = this.#canvases.borrow();
    if (canvas === null) return null;
    this.#prepare(canvas);
    for (const tile of this.#tiles) this.#drawTile(tile, canvas, nowMs);
    return canvas;
  }

  close(): void {
    for (const video of this.#videos.values()) video.close();
    this.#videos.clear();
  }

  #prepare({ bytes }: RawFrame): void {
    if (this.#prepared.has(bytes)) return;
    bytes.set(this.#background.bytes);
    // A label that is higher than its tile is written beside it, too, and has to be wiped away each time.
    const staysInside = this.#tiles.every(({ height }) => 2 * labelHeightFor(height) <= height);
    if (staysInside) this.#prepared.add(bytes);
  }

  #drawTile(tile: Tile, canvas: RawFrame, nowMs: number): void {
    const picture = this.#pictureOf(tile, nowMs);
    this.#canvases.paste(picture ?? this.#placeholder(tile), canvas, tile);
    const name = this.#people.find(({ peerId }) => peerId === tile.peerId)?.name ?? '';
    const mask = this.#options.labels.get(name, labelHeightFor(tile.height));
    if (mask === null || tile.source === 'screen') return;
    const label = { ...mask, width: Math.min(mask.width, tile.width) };
    const inMiddle = picture === null;
    const x = inMiddle ? tile.x + even((tile.width - label.width) / 2) : tile.x;
    const bottom = tile.y + tile.height - mask.height - even(Math.min(labelMargin, tile.height / 32));
    const y = inMiddle ? tile.y + even((tile.height - mask.height) / 2) : bottom;
    blendLabel(mask, label.width, canvas, { x, y });
  }

  #pictureOf(tile: Tile, nowMs: number): Yuv | null {
    const input = this.#inputOf(tile);
    const video = input === null ? undefined : this.#videos.get(input);
    return video?.advance(nowMs) === true ? video.picture(this.#canvases.scratch) : null;
  }

  #inputOf({ peerId, source }: Tile): VideoInput | null {
    const person = this.#people.find((someone) => someone.peerId === peerId);
    return person?.[source] ?? null;
  }

  #showAs(input: VideoInput, tile: Tile): void {
    const { width, height, fit } = tile;
    const known = this.#videos.get(input);
    const { ffmpegPath, log, onSize } = this.#options;
    const shape = { width, height, fit };
    if (known === undefined) this.#videos.set(input, new TileVideo({ ffmpegPath, input, shape, log }));
    else known.setShape(shape);
    onSize(input, { width, height });
  }

  #placeholder({ width, height }: Tile): Yuv {
    const key = `${width}x${height}`;
    const known = this.#placeholders.get(key);
    if (known !== undefined) return known;
    if (this.#placeholders.size > 8) this.#placeholders.clear();
    const made = blankPicture({ width, height }, placeholderColour);
    this.#placeholders.set(key, made);
    return made;
  }
}

const even = (value: number): number => 2 * Math.floor(value / 2);
