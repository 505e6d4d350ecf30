import { EventEmitter } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '@maydan/common';
import type { types } from 'mediasoup';
import type { LevelMeters, Listening } from './LevelMeters.ts';
import type { Loudness } from './Loudness.ts';
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
const againMs = 2_000;
/** What is softer is room noise. */
const silenceDbov = -70;

/** Listens to who speaks in a room, on its home Router. */
export class SpeakerWatch extends EventEmitter<SpeakerWatchEvents> {
  readonly #router: types.Router;
  readonly #meters: LevelMeters;
  readonly #logger: Logger;
  #observer: Promise<types.ActiveSpeakerObserver> | undefined;
  /** Id of a mediasoup Producer on this Router → peer. */
  readonly #owners = new Map<string, string>();
  /** Of the producers that are listened to, by their id. */
  readonly #heard = new Map<string, { readonly peerId: string; readonly loudness: Loudness }>();
  #timer: NodeJS.Timeout | undefined;
  #dominant: string | null = null;
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

  /** Listens to a producer until it ends; video is passed over. Never rejects. */
  async add(producer: RoomProducer): Promise<void> {
    if (producer.kind !== 'audio') return;
    const { id, peerId } = producer;
    const isOver = (): boolean => producer.closed || this.#router.closed;
    producer.once('closed', () => this.#forget(id, peerId));
    while (!isOver()) {
      try {
        const heard = await this.#hear(producer);
        if (heard === null) return;
        await heard.ended;
        this.#owners.delete(heard.producer.id);
      } catch (error) {
        if (!isOver()) this.#logger.warn({ err: error, producerId: id }, 'a level is not watched');
      }
      // The pipe from another node broke, or could not be made.
      if (!isOver()) await delay(againMs, undefined, { ref: false });
    }
  }

  /** Null: its level can't be told, or it has ended meanwhile. */
  async #hear(producer: RoomProducer): Promise<Listening | null> {
    const there = await producer.onRouter(this.#router);
    const heard = await this.#meters.open(this.#router, there, producer.tellsLevel);
    if (heard === null || producer.closed || this.#router.closed) return null;
    const { id, peerId } = producer;
    this.#owners.set(heard.producer.id, peerId);
    this.#listen(id, { peerId, loudness: heard.loudness });
    this.#observer ??= this.#createObserver();
    await (await this.#observer).addProducer({ producerId: heard.producer.id });
    return heard;
  }

  #listen(id: string, heard: { peerId: string; loudness: Loudness }): void {
    this.#heard.set(id, heard);
    if (this.#timer !== undefined) return;
    this.#timer = setInterval(() => this.#look(), levelIntervalMs);
    this.#router.observer.once('close', () => clearInterval(this.#timer));
  }

  async #createObserver(): Promise<types.ActiveSpeakerObserver> {
    const speaker = await this.#router.createActiveSpeakerObserver({ interval: speakerIntervalMs });
    speaker.on('dominantspeaker', ({ producer }) => {
      this.#dominant = this.#owners.get(producer.id) ?? null;
      this.#tell();
    });
    return speaker;
  }

  #look(): void {
    const heard = [...this.#heard.values()]
      .map(({ peerId, loudness }) => ({ peerId, dBov: loudness.take() }))
      .filter(({ dBov }) => dBov >= silenceDbov)
      .sort((a, b) => b.dBov - a.dBov);
    // Of a microphone and the sound of a screen the louder one counts.
    const levels = heard.filter(
      ({ peerId }, at) => heard.findIndex((other) => other.peerId === peerId) === at,
    );
    if (levels.length === 0 && this.#levels.length === 0) return;
    this.#levels = levels;
    // Whoever is heard alone speaks, before the slower choice of the dominant one is made.
    if (levels.length === 1 || this.#dominant === null) this.#dominant = levels[0]?.peerId ?? this.#dominant;
    this.emit('levels', levels);
    this.#tell();
  }

  #forget(id: string, peerId: string): void {
    this.#heard.delete(id);
    this.#levels = this.#levels.filter((level) => level.peerId !== peerId);
    if (this.#dominant === peerId) this.#dominant = null;
    this.#tell();
    if (this.#heard.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #tell(): void {
    const speaker = this.#levels.length === 0 ? null : this.#dominant;
    if (speaker === this.#speaker) return;
    this.#speaker = speaker;
    this.emit('speaker', speaker);
  }
}
