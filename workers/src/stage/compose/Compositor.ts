import { EventEmitter } from 'node:events';
import type { StageLayout } from '@maydan/contracts';
import type { AvcPicture } from '../picture/AvcPicture.ts';
import type { VideoInput } from '../room/VideoInput.ts';
import { ComposerProcess, type ComposerSettings } from './ComposerProcess.ts';
import {
  forgetLabelsMessage,
  forgetMessage,
  labelMessage,
  layoutMessage,
  pictureMessage,
} from './composerProtocol.ts';
import { labelHeightFor, type Labels, type Mask } from './Labels.ts';
import { layoutOf, type CanvasSize, type Tile } from './layout.ts';
import { TrackVideo } from './TrackVideo.ts';

/** Somebody on stage, as shown. Inputs are null while switched off. */
export interface ShownPerson {
  readonly peerId: string;
  readonly name: string;
  readonly isHost: boolean;
  readonly camera: VideoInput | null;
  readonly screen: VideoInput | null;
  /** The camera's picture changes its size with the network. */
  readonly hasLayers: boolean;
}

export interface CompositorOptions extends ComposerSettings {
  readonly labels: Labels;
  /** A track is shown in that size from now on. */
  readonly onSize: (input: VideoInput, size: CanvasSize) => void;
}

export interface CompositorEvents {
  /** AVCDecoderConfigurationRecord; before the first picture, and again when another process goes on. */
  config: [record: Uint8Array];
  picture: [picture: AvcPicture];
  /** Last event, comes once: the process can't be kept running. */
  failed: [];
}

/** Another process is started so long after the end of the one before. */
const restartAfterMs = 300;
/** So many processes in a row that made no picture, and there will be none. */
const mostFruitless = 3;
/** The composer has room for some more. */
const mostLabels = 64;

/**
 * Has the stage composed: at each tick the newest due picture of everybody, in the layout of those who are there. A process that
 * broke is replaced and goes on with everybody but the one whose picture broke it; viewers see a short standstill.
 */
export class Compositor extends EventEmitter<CompositorEvents> {
  readonly #options: CompositorOptions;
  readonly #tracks = new Map<VideoInput, TrackVideo>();
  readonly #labelIds = new Map<Mask, number>();
  #process: ComposerProcess | null = null;
  #restartAtMs = -Infinity;
  #fruitless = 0;
  #lastTrack = 0;
  /** What is to be said before the next pictures. */
  #pending: Uint8Array[] = [];
  #saidLayout: Buffer | null = null;
  #people: readonly ShownPerson[] = [];
  #tiles: readonly Tile[] = [];
  #isClosed = false;

  constructor(options: CompositorOptions) {
    super();
    this.#options = options;
    this.#open();
  }

  get tiles(): readonly Tile[] {
    return this.#tiles;
  }

  get latePictures(): number {
    return [...this.#tracks.values()].reduce((sum, { latePictures }) => sum + latePictures, 0);
  }

  /** Who is on stage from now on, the host first, and how they are arranged. */
  setPeople(people: readonly ShownPerson[], layout: StageLayout): void {
    this.#people = people;
    const shown = people.map(({ peerId, isHost, camera, screen }) => ({
      ...{ peerId, isHost, hasCamera: camera !== null, sharesScreen: screen !== null },
    }));
    this.#tiles = layoutOf(shown, this.#options.size, layout);
    const needed = new Set<VideoInput>();
    for (const tile of this.#tiles) {
      const input = this.#inputOf(tile);
      if (input === null) continue;
      needed.add(input);
      if (!this.#tracks.has(input)) this.#tracks.set(input, new TrackVideo(input, (this.#lastTrack += 1)));
      this.#options.onSize(input, { width: tile.width, height: tile.height });
    }
    for (const [input, track] of this.#tracks) {
      if (needed.has(input)) continue;
      track.close();
      this.#tracks.delete(input);
      this.#pending.push(...forgetMessage(track.id));
    }
  }

  /** Whether this track has a picture to show now. */
  hasPicture(input: VideoInput, nowMs: number): boolean {
    return this.#tracks.get(input)?.hasPicture(nowMs) ?? false;
  }

  /** How many tracks have a picture to show now. */
  shownPictures(nowMs: number): number {
    return [...this.#tracks.values()].filter((track) => track.hasPicture(nowMs)).length;
  }

  /** Has decoded what is due, and nothing drawn yet. */
  advance(nowMs: number): void {
    this.#process?.send(this.#dueMessages(this.#process, nowMs), null);
  }

  /** Has the picture of this moment made. False: it is left out. */
  draw(nowMs: number): boolean {
    if (this.#process === null && !this.#isClosed && nowMs >= this.#restartAtMs) this.#open();
    const process = this.#process;
    if (process === null) return false;
    const messages = [...this.#dueMessages(process, nowMs), ...this.#layoutMessages(nowMs)];
    const { isReady } = process;
    process.send(messages, isReady ? nowMs : null);
    return isReady;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const track of this.#tracks.values()) track.close();
    this.#tracks.clear();
    await this.#process?.close();
  }

  #open(): void {
    const process = new ComposerProcess(this.#options);
    this.#process = process;
    this.#fruitless += 1;
    process.on('config', (record) => this.emit('config', record));
    process.on('picture', (picture) => {
      this.#fruitless = 0;
      this.emit('picture', picture);
    });
    process.on('shown', (id) => this.#track(id)?.shown());
    process.on('broken', (id) => this.#track(id)?.needsKey());
    process.on('closed', ({ isFault, culprit }) => isFault && this.#lost(culprit));
  }

  #track(id: number): TrackVideo | undefined {
    return [...this.#tracks.values()].find((track) => track.id === id);
  }

  /** The next process knows nothing of what the one before was told. */
  #lost(culprit: number | null): void {
    this.#process = null;
    if (this.#isClosed) return;
    if (this.#fruitless >= mostFruitless) {
      this.#restartAtMs = Infinity;
      return void this.emit('failed');
    }
    const nowMs = performance.now();
    this.#restartAtMs = nowMs + restartAfterMs;
    this.#pending = [];
    this.#saidLayout = null;
    this.#labelIds.clear();
    for (const track of this.#tracks.values()) track.restart(track.id === culprit, nowMs);
  }

  #dueMessages(process: ComposerProcess, nowMs: number): Uint8Array[] {
    const messages = this.#pending;
    this.#pending = [];
    for (const track of this.#tracks.values()) {
      // Who is due within half a tick is in this picture: nobody is then shown more than that too early or too late.
      for (const picture of track.due(nowMs + 500 / this.#options.frameRate)) {
        if (process.mayDecode) messages.push(...pictureMessage(track.id, track.input.codec, picture));
        else track.needsKey();
      }
    }
    return messages;
  }

  /** Labels that aren't known yet and the layout, if it is another one than was said. */
  #layoutMessages(nowMs: number): Uint8Array[] {
    const messages: Uint8Array[] = [];
    if (this.#labelIds.size + this.#tiles.length > mostLabels) {
      messages.push(...forgetLabelsMessage());
      this.#labelIds.clear();
      this.#saidLayout = null;
    }
    const tiles = this.#tiles.map((tile) => {
      const input = this.#inputOf(tile);
      const track = input === null ? undefined : this.#tracks.get(input);
      const id = track?.hasPicture(nowMs) === true ? track.id : 0;
      return { ...tile, track: id, label: this.#labelOf(tile, messages) };
    });
    const layout = Buffer.concat(layoutMessage(tiles));
    if (this.#saidLayout?.equals(layout) === true) return messages;
    this.#saidLayout = layout;
    return [...messages, layout];
  }

  #labelOf({ peerId, source, height }: Tile, messages: Uint8Array[]): number {
    if (source === 'screen') return 0;
    const name = this.#people.find((person) => person.peerId === peerId)?.name ?? '';
    const mask = this.#options.labels.get(name, labelHeightFor(height));
    if (mask === null) return 0;
    const known = this.#labelIds.get(mask);
    if (known !== undefined) return known;
    const id = this.#labelIds.size + 1;
    this.#labelIds.set(mask, id);
    messages.push(...labelMessage(id, mask));
    return id;
  }

  #inputOf({ peerId, source }: Tile): VideoInput | null {
    const person = this.#people.find((someone) => someone.peerId === peerId);
    return person?.[source] ?? null;
  }
}
