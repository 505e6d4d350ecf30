import { EventEmitter } from 'node:events';
import type { Logger } from '@maydan/common';
import type { StageLayout } from '@maydan/contracts';
import { AacEncoder } from './audio/AacEncoder.ts';
import { Mixer } from './audio/Mixer.ts';
import { sampleRateHz } from './audio/PcmTimeline.ts';
import type { ShownPerson } from './compose/Compositor.ts';
import type { Labels } from './compose/Labels.ts';
import type { CanvasSize } from './compose/layout.ts';
import { PictureDirector, type PictureSettings } from './picture/PictureDirector.ts';
import { StageFlv } from './publish/StageFlv.ts';
import type { SoundInput } from './room/SoundInput.ts';
import type { VideoInput } from './room/VideoInput.ts';

export interface StageEngineOptions {
  readonly ffmpegPath: string;
  /** Null: sound only. */
  readonly picture: PictureSettings | null;
  readonly cpuBudgetCores: number;
  readonly labels: Labels;
  readonly onSize: (input: VideoInput, size: CanvasSize) => void;
  readonly log: Logger;
}

/** Who is heard; the name is the producer's, so that nobody is heard twice. */
export interface HeardTrack {
  readonly name: string;
  readonly input: SoundInput;
}

export interface StageEngineEvents {
  /** Last event, comes once: an encoder broke; this publish can't go on. */
  failed: [];
}

const millisecondsPerSample = 1_000 / sampleRateHz;
const audioTickMs = 20;
/** Fewer than the encoder lets wait. */
const mostMadeUp = 6;

/**
 * Makes one FLV of a stage, from its first tick to its end without a break: composes and encodes the picture, mixes and
 * encodes the sound, both on the playout clock (`performance.now()`).
 */
export class StageEngine extends EventEmitter<StageEngineEvents> {
  readonly flv: StageFlv;
  readonly #options: StageEngineOptions;
  readonly #startMs = performance.now();
  readonly #mixer = new Mixer();
  readonly #heard = new Map<string, SoundInput>();
  readonly #aac: AacEncoder;
  readonly #picture: PictureDirector | null;
  #tick = 0;
  #timer: NodeJS.Timeout | null = null;
  #isClosed = false;

  constructor(options: StageEngineOptions) {
    super();
    this.#options = options;
    const { ffmpegPath, log, picture } = options;
    this.flv = new StageFlv(this.#startMs, picture?.frameRate ?? null);
    this.#aac = new AacEncoder(ffmpegPath, log);
    this.#aac.on('frame', (from, data) => this.flv.sound(from * millisecondsPerSample, data));
    this.#aac.on('closed', (isFault) => isFault && this.#fail());
    this.#picture =
      picture === null
        ? null
        : new PictureDirector({ ...options, ...picture, flv: this.flv, onFailed: () => this.#fail() });
    this.#schedule();
  }

  /** Null: sound only. */
  get picture(): PictureDirector | null {
    return this.#picture;
  }

  /** Who is seen and heard from now on, and how they are arranged. */
  setStage(people: readonly ShownPerson[], heard: readonly HeardTrack[], layout: StageLayout): void {
    if (this.#isClosed) return;
    this.#picture?.setPeople(people, layout);
    const names = new Set(heard.map(({ name }) => name));
    for (const name of this.#heard.keys()) {
      if (names.has(name)) continue;
      this.#heard.delete(name);
      this.#mixer.remove(name);
    }
    for (const { name, input } of heard) {
      this.#heard.set(name, input);
      this.#mixer.add(name, input.timeline);
    }
  }

  /** Ends the publish at once. Idempotent. */
  async close(): Promise<void> {
    this.#isClosed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.flv.end();
    await Promise.all([this.#aac.close(), this.#picture?.close()]);
  }

  get #tickMs(): number {
    return this.#options.picture === null ? audioTickMs : 1_000 / this.#options.picture.frameRate;
  }

  #timeOf(tick: number): number {
    return this.#startMs + tick * this.#tickMs;
  }

  #schedule(): void {
    const waitMs = Math.max(0, this.#timeOf(this.#tick + 1) - performance.now());
    this.#timer = setTimeout(() => this.#run(), waitMs);
  }

  #run(): void {
    if (this.#isClosed) return;
    const due = Math.max(this.#tick + 1, Math.floor((performance.now() - this.#startMs) / this.#tickMs));
    // A few ticks slept through are made up for: an even picture is worth more than the work. Of more the times are lost.
    const from = Math.max(this.#tick + 1, due - mostMadeUp);
    this.#picture?.slept(from - this.#tick - 1);
    for (let tick = from; tick <= due; tick += 1) this.#picture?.tick(this.#timeOf(tick));
    this.#tick = due;
    const timeMs = this.#timeOf(due);
    this.#mix(timeMs);
    this.#schedule();
  }

  #mix(timeMs: number): void {
    const mixed = this.#mixer.mixUntil(Math.floor(timeMs / millisecondsPerSample));
    if (mixed !== null) this.#aac.write(mixed.from, mixed.pcm);
  }

  #fail(): void {
    if (this.#isClosed) return;
    this.emit('failed');
  }
}
