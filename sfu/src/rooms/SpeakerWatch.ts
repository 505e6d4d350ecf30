import { EventEmitter } from 'node:events';
import type { Logger } from '@maydan/common';
import type { types } from 'mediasoup';
import type { LevelMeters } from './LevelMeters.ts';
import type { RoomProducer } from './RoomProducer.ts';

export interface Level {
  readonly peerId: string;
  /** -127 (silent) to 0. */
  readonly dBov: number;
}

interface SpeakerWatchEvents {
  /** Who speaks; null in silence. */
  speaker: [peerId: string | null];
  levels: [levels: Level[]];
}

const levelIntervalMs = 500;
const speakerIntervalMs = 300;
const maxLevels = 20;
/** What is softer is room noise. */
const silenceDbov = -70;

/** Listens to who speaks in a room, on its home Router. */
export class SpeakerWatch extends EventEmitter<SpeakerWatchEvents> {
  readonly #router: types.Router;
  readonly #meters: LevelMeters;
  readonly #logger: Logger;
  #observers: Promise<readonly (types.AudioLevelObserver | types.ActiveSpeakerObserver)[]> | undefined;
  /** Id of a mediasoup Producer on this Router → peer. */
  readonly #owners = new Map<string, string>();
  #dominant: string | null = null;
  #isSilent = true;
  #speaker: string | null = null;
  #levels: readonly Level[] = [];

  constructor(router: types.Router, meters: LevelMeters, logger: Logger) {
    super();
    this.#router = router;
    this.#meters = meters;
    this.#logger = logger;
  }

  get speaker(): string | null {
    return this.#speaker;
  }

  /** Of those who can be heard at present, the loudest first. */
  get levels(): readonly Level[] {
    return this.#levels;
  }

  /** Begins to listen to a producer; video is passed over. Never rejects. */
  async add(producer: RoomProducer): Promise<void> {
    if (producer.kind !== 'audio') return;
    try {
      const heard = await this.#heardAs(producer);
      if (heard === null || producer.closed) return;
      const { id: producerId } = heard;
      this.#owners.set(producerId, producer.peerId);
      producer.once('closed', () => this.#forget(producerId, producer.peerId));
      this.#observers ??= this.#createObservers();
      for (const observer of await this.#observers) await observer.addProducer({ producerId });
    } catch (error) {
      // It may have been closed meanwhile; mediasoup takes it out of its observers itself.
      if (!producer.closed && !this.#router.closed)
        this.#logger.warn({ err: error }, 'a level is not watched');
    }
  }

  /** What says how loud it is, on this Router; null: nobody does. */
  async #heardAs(producer: RoomProducer): Promise<types.Producer | null> {
    const there = await producer.onRouter(this.#router);
    return producer.tellsLevel ? there : this.#meters.open(this.#router, there);
  }

  async #createObservers(): Promise<readonly (types.AudioLevelObserver | types.ActiveSpeakerObserver)[]> {
    const levels = await this.#router.createAudioLevelObserver({
      maxEntries: maxLevels,
      threshold: silenceDbov,
      interval: levelIntervalMs,
    });
    levels.on('volumes', (volumes) => this.#heard(volumes));
    levels.on('silence', () => this.#heard([]));
    const speaker = await this.#router.createActiveSpeakerObserver({ interval: speakerIntervalMs });
    speaker.on('dominantspeaker', ({ producer }) => {
      this.#dominant = this.#owners.get(producer.id) ?? null;
      this.#tell();
    });
    return [levels, speaker];
  }

  #heard(volumes: readonly types.AudioLevelObserverVolume[]): void {
    const levels = volumes.flatMap(({ producer, volume }) => {
      const peerId = this.#owners.get(producer.id);
      return peerId === undefined ? [] : [{ peerId, dBov: volume }];
    });
    this.#levels = levels;
    this.#isSilent = levels.length === 0;
    // Whoever is heard alone speaks, before the slower choice of the dominant one is made.
    if (levels.length === 1 || this.#dominant === null) this.#dominant = levels[0]?.peerId ?? this.#dominant;
    this.emit('levels', levels);
    this.#tell();
  }

  #forget(producerId: string, peerId: string): void {
    this.#owners.delete(producerId);
    this.#levels = this.#levels.filter((level) => level.peerId !== peerId);
    if (this.#dominant === peerId) this.#dominant = null;
    this.#tell();
  }

  #tell(): void {
    const speaker = this.#isSilent ? null : this.#dominant;
    if (speaker === this.#speaker) return;
    this.#speaker = speaker;
    this.emit('speaker', speaker);
  }
}
