import type { Logger } from '@maydan/common';
import type { StageLayout } from '@maydan/contracts';
import { Compositor, type ShownPerson } from '../compose/Compositor.ts';
import type { Labels } from '../compose/Labels.ts';
import type { CanvasSize } from '../compose/layout.ts';
import type { StageFlv } from '../publish/StageFlv.ts';
import type { VideoInput } from '../room/VideoInput.ts';
import { loneInput } from './loneInput.ts';
import { Passthrough } from './Passthrough.ts';
import { Steadiness } from './Steadiness.ts';

export interface PictureSettings {
  readonly size: CanvasSize;
  readonly frameRate: number;
  readonly bitrateBps: number;
}

export interface PictureDirectorOptions extends PictureSettings {
  readonly cpuBudgetCores: number;
  readonly labels: Labels;
  readonly flv: StageFlv;
  /** A track is shown in that size from now on. */
  readonly onSize: (input: VideoInput, size: CanvasSize) => void;
  /** Nothing can be composed. */
  readonly onFailed: () => void;
  readonly log: Logger;
}

interface Composing {
  readonly compositor: Compositor;
  readonly sinceMs: number;
}

/** Alone for so long, and the own picture is passed on again. */
const aloneMs = 5_000;
/** A picture of the first moment is worth waiting for; a discontinuity right behind it isn't. */
const firstWaitMs = 1_500;
/** For the decoders of a composition to give their first pictures. */
const takeOverMs = 1_500;

/** Decides what makes the picture of a publish: the composition of everybody, or the lone sender's own H.264. */
export class PictureDirector {
  readonly #options: PictureDirectorOptions;
  readonly #steadiness = new Steadiness();
  #people: readonly ShownPerson[] = [];
  #layout: StageLayout = 'grid';
  #composing: Composing | null = null;
  #pass: Passthrough | null = null;
  #isPassing = false;
  #firstTickMs: number | null = null;
  #skipped = 0;
  #late = 0;

  constructor(options: PictureDirectorOptions) {
    this.#options = options;
  }

  /** What the picture is made of at present. */
  get mode(): 'composed' | 'passed' {
    return this.#isPassing ? 'passed' : 'composed';
  }

  /** Pictures that were not made in time. */
  get skipped(): number {
    return this.#skipped;
  }

  get late(): number {
    return this.#late + (this.#composing?.compositor.latePictures ?? 0);
  }

  get compositor(): Compositor | null {
    return this.#composing?.compositor ?? null;
  }

  setPeople(people: readonly ShownPerson[], layout: StageLayout): void {
    this.#people = people;
    this.#layout = layout;
    this.#composing?.compositor.setPeople(people, layout);
  }

  /** Ticks that this process slept through are counted, and are no standstill of who is passed on. */
  slept(ticks: number): void {
    this.#pass?.slept((ticks * 1_000) / this.#options.frameRate);
    if (!this.#isPassing) this.#skipped += ticks;
  }

  /** Makes the picture of this moment. */
  tick(timeMs: number): void {
    this.#firstTickMs ??= timeMs;
    const lone = this.#steadiness.mayPass(timeMs) ? loneInput(this.#people) : null;
    if (this.#isPassing) this.#keepPassing(lone, timeMs);
    else this.#mayBeginPassing(lone, timeMs);
    if (this.#isPassing) return this.#passOn(timeMs);
    const mayWait =
      lone !== null && this.#options.flv.pictures === 0 && timeMs - this.#firstTickMs < firstWaitMs;
    if (!mayWait) this.#draw(this.#compose(timeMs), timeMs);
  }

  async close(): Promise<void> {
    this.#pass?.close();
    this.#pass = null;
    await this.#composing?.compositor.close();
  }

  /** Goes on until the composition has something to show, so that viewers see one cut and no gap. */
  #keepPassing(lone: VideoInput | null, timeMs: number): void {
    const pass = this.#pass;
    if (pass === null || (lone === pass.input && !pass.isStandingStill(timeMs))) return;
    const { compositor, sinceMs } = this.#compose(timeMs);
    compositor.advance(timeMs);
    const isShown = this.#people.some(({ camera }) => camera === pass.input);
    const isReady = !isShown || compositor.hasPicture(pass.input, timeMs) || timeMs - sinceMs > takeOverMs;
    if (!isReady) return;
    this.#options.log.info('the picture of the stage is composed from now on');
    if (pass.isStandingStill(timeMs)) this.#steadiness.trouble(timeMs);
    pass.close();
    this.#pass = null;
    this.#isPassing = false;
  }

  #mayBeginPassing(lone: VideoInput | null, timeMs: number): void {
    if (this.#pass !== null && this.#pass.input !== lone) {
      this.#pass.close();
      this.#pass = null;
    }
    if (lone === null) return;
    this.#pass ??= new Passthrough(lone, timeMs, (atMs) => this.#steadiness.trouble(atMs));
    const hasWaited = this.#options.flv.pictures === 0 || this.#pass.steadyMs(timeMs) > aloneMs;
    const begins = this.#pass.beginsBy(timeMs);
    if (!hasWaited) return;
    if (!begins) return lone.wantKeyFrame();
    this.#options.log.info('the picture of the lone sender is passed on from now on');
    this.#isPassing = true;
    this.#stopComposing();
  }

  #passOn(timeMs: number): void {
    const { flv, size, onSize } = this.#options;
    for (const { record, ...picture } of this.#pass?.due(timeMs) ?? []) {
      if (record !== null) flv.config(record);
      flv.picture(picture);
    }
    if (this.#pass !== null && flv.pictures === 0) onSize(this.#pass.input, size);
  }

  #draw({ compositor }: Composing, timeMs: number): void {
    if (!compositor.draw(timeMs)) this.#skipped += 1;
  }

  #compose(nowMs: number): Composing {
    if (this.#composing !== null) return this.#composing;
    const { flv, onFailed } = this.#options;
    const compositor = new Compositor(this.#options);
    // While its own pictures are still passed on, the composed ones are not for viewers.
    const isMine = (): boolean => this.#composing?.compositor === compositor && !this.#isPassing;
    compositor.on('config', (record) => isMine() && flv.config(record));
    compositor.on('picture', (picture) => isMine() && flv.picture(picture));
    compositor.on('failed', onFailed);
    this.#composing = { compositor, sinceMs: nowMs };
    compositor.setPeople(this.#people, this.#layout);
    return this.#composing;
  }

  #stopComposing(): void {
    const composing = this.#composing;
    this.#composing = null;
    if (composing === null) return;
    this.#late += composing.compositor.latePictures;
    void composing.compositor.close();
  }
}
