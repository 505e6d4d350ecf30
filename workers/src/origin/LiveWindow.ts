import type { MediaEvent, PlaybackStarted } from '../live/events.ts';
import type { OlderMedia } from './OlderMedia.ts';
import type { RenditionReport, PlaybackTiming } from './playlists/livePlaylist.ts';
import type { RenditionRecord, SegmentRecord } from './playlists/records.ts';
import { RenditionWindow } from './RenditionWindow.ts';

export interface LiveWindowOptions {
  /** Seconds of complete segments that playlists list; at least 12 target durations are kept. */
  readonly dvrWindowSec: number;
  /** Where segments come from that are no longer in memory. */
  readonly older: OlderMedia;
  /** Seconds of media per rendition kept in memory; default 30. */
  readonly memorySec?: number;
  /** Bytes per rendition above which only what listed parts need is kept; default 48 MiB. */
  readonly memoryMaxBytes?: number;
}

const DEFAULT_MEMORY_SEC = 30;
const DEFAULT_MEMORY_MAX_BYTES = 48 * 1024 * 1024;

/**
 * What is known of one live playback: a fold of its MediaEvents with bounded memory, without clock or I/O.
 *
 * Events of one moment (the parts of all renditions, the end of a segment and the start of the next) should be
 * applied in one turn of the event loop; listeners may then wait for the turn's end and see them together.
 * To rebuild it after a crash apply the events again, or `restoreSegment` for complete segments whose bytes
 * need not be in memory; all of them in order from the first one, since sequence numbers are counted here.
 */
export class LiveWindow {
  readonly older: OlderMedia;
  readonly #options: LiveWindowOptions;
  readonly #renditions = new Map<string, RenditionWindow>();
  readonly #listeners = new Set<() => void>();
  #started: PlaybackStarted | null = null;
  #ended = false;
  #closed = false;

  constructor(options: LiveWindowOptions) {
    this.older = options.older;
    this.#options = options;
  }

  /** Null before `playback.started`. */
  get timing(): PlaybackTiming | null {
    return this.#started;
  }

  /** The playback is over: nothing more will be added. */
  get ended(): boolean {
    return this.#ended;
  }

  /** The window is no longer fed (the worker lost the playback): nobody should wait for it. */
  get closed(): boolean {
    return this.#closed;
  }

  /** Every rendition lists something: players can start. */
  get ready(): boolean {
    return this.#started !== null && [...this.#renditions.values()].every((window) => window.hasContent);
  }

  get renditions(): ReadonlyMap<string, RenditionWindow> {
    return this.#renditions;
  }

  rendition(id: string): RenditionWindow | undefined {
    return this.#renditions.get(id);
  }

  /** Bytes of media held for all renditions. */
  get byteLength(): number {
    return [...this.#renditions.values()].reduce((sum, window) => sum + window.memory.byteLength, 0);
  }

  /** What the multivariant playlist lists. */
  renditionRecords(): RenditionRecord[] {
    return [...this.#renditions.values()].flatMap((window) => window.record() ?? []);
  }

  /** The newest parts of the other renditions. */
  reportsFor(id: string): RenditionReport[] {
    return [...this.#renditions.values()]
      .filter((window) => window.rendition.id !== id && window.hasContent)
      .map((window) => {
        const { msn, part } = window.lastPart();
        return { id: window.rendition.id, lastMsn: msn, lastPart: part };
      });
  }

  /** Throws when an event breaks the order that `live/events.ts` guarantees. */
  apply(event: MediaEvent): void {
    if (this.#ended) return;
    switch (event.type) {
      case 'playback.started':
        this.#start(event);
        break;
      case 'init.written':
        this.#window(event.rendition).addInit(event);
        break;
      case 'segment.started':
        this.#window(event.rendition).start(event);
        break;
      case 'part.written':
        this.#window(event.rendition).addPart(event);
        break;
      case 'segment.ended':
        this.#window(event.rendition).end(event);
        break;
      case 'playback.ended':
        for (const window of this.#renditions.values()) window.finish();
        this.#ended = true;
        break;
      case 'leg.started':
      case 'leg.ended':
        return;
    }
    this.#changed();
  }

  /** Adds a complete segment that is in older storage; the next one of its rendition in order. */
  restoreSegment(rendition: string, segment: SegmentRecord): void {
    this.#window(rendition).restore(segment);
    this.#changed();
  }

  /** Called after each change, in the same turn; returns how to stop. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Lets go of everybody who waits, and of all listeners. Idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#changed();
    this.#listeners.clear();
  }

  #start(event: PlaybackStarted): void {
    if (this.#started) return;
    this.#started = event;
    const { targetDurationSec } = event;
    const keepAlwaysSec = 7 * targetDurationSec;
    const options = {
      timing: event,
      dvrWindowSec: Math.max(this.#options.dvrWindowSec, 12 * targetDurationSec),
      memory: {
        keepSec: Math.max(this.#options.memorySec ?? DEFAULT_MEMORY_SEC, keepAlwaysSec),
        keepAlwaysSec,
        maxBytes: this.#options.memoryMaxBytes ?? DEFAULT_MEMORY_MAX_BYTES,
      },
    };
    for (const rendition of event.renditions) {
      const segmentElsewhere = (msn: number) => this.#segmentElsewhere(rendition.id, msn);
      this.#renditions.set(rendition.id, new RenditionWindow(rendition, { ...options, segmentElsewhere }));
    }
  }

  #segmentElsewhere(id: string, msn: number): SegmentRecord | undefined {
    for (const window of this.#renditions.values()) {
      const segment = window.rendition.id === id ? undefined : window.segmentAt(msn);
      if (segment && !segment.gap) return segment;
    }
    return undefined;
  }

  #window(id: string): RenditionWindow {
    const window = this.#renditions.get(id);
    if (!window) throw new Error(`Rendition ${id} was not announced by playback.started.`);
    return window;
  }

  #changed(): void {
    for (const listener of this.#listeners) listener();
  }
}
