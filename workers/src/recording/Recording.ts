import type { Logger } from '@maydan/common';
import {
  mediaPath,
  type InitWritten,
  type MediaEvent,
  type PartWritten,
  type SegmentEnded,
} from '../live/events.ts';
import type { Fence } from '../live/Fence.ts';
import type { OlderMedia } from '../origin/OlderMedia.ts';
import type { SegmentRecord } from '../origin/playlists/index.ts';
import type { ObjectStore } from '../storage/ObjectStore.ts';
import type { Journal } from './Journal.ts';
import type { PlaybackHistory } from './PlaybackHistory.ts';
import type { Past } from './readJournal.ts';
import {
  initLine,
  legRecordLine,
  pastLines,
  segmentLine,
  tailLineOf,
  type InitLine,
  type RecordLine,
  type SegmentLine,
} from './records.ts';
import { SharedRecords } from './SharedRecords.ts';
import type { Spool } from './Spool.ts';
import type { FilePlace } from './SpoolFiles.ts';
import { StoredMedia } from './StoredMedia.ts';
import { Uploader, type Upload } from './Uploader.ts';

export interface RecordingOptions {
  readonly spool: Spool;
  readonly store: ObjectStore;
  readonly fence: Fence;
  readonly log: Logger;
  /** A newer run has taken the playback over: nothing more is written. */
  readonly onSuperseded: () => void;
}

/** Local files stay at least so long after they were stored: the newest are needed to go on after a crash. */
const keepLocalMs = 60_000;
/** Share of the spool above which stored files go. */
const keepShare = 0.5;
/** Records that belong to no rendition have their own order. */
const ofAll = '';

/**
 * The recording of one playback while it is live: each event goes to the spool, each complete file from there to the
 * storage. `append` never waits and never fails; what goes wrong shows in `journal.trouble`, `uploads.trouble` and
 * `lostFiles`, and the live session goes on.
 */
export class Recording {
  readonly history: PlaybackHistory;
  readonly journal: Journal;
  readonly uploads: Uploader;
  readonly shared: SharedRecords;
  /** Media that is no longer in memory, for the origin. */
  readonly older: OlderMedia;
  readonly #spool: Spool;
  /** Paths of the files the storage holds. */
  readonly #stored: Set<string>;
  readonly #initBytes: Map<string, Uint8Array>;
  readonly #removable: { path: string; storedAtMs: number }[] = [];
  #lostFiles = 0;

  constructor(options: RecordingOptions, journal: Journal, past: Past) {
    this.journal = journal;
    this.history = past.history;
    this.#stored = past.stored;
    this.#initBytes = new Map(past.initBytes);
    this.#spool = options.spool;
    this.older = new StoredMedia(options.store, options.fence.playbackId, journal.files);
    const { fence, log, onSuperseded } = options;
    const superseded = () => {
      void this.uploads.close();
      onSuperseded();
    };
    this.shared = new SharedRecords({ fence, log, all: () => this.#sharedLines(), onSuperseded: superseded });
    this.uploads = new Uploader({
      store: options.store,
      playbackId: fence.playbackId,
      records: this.shared,
      log,
      read: (path) => journal.files.read(path),
      onStored: (upload) => this.#onStored(upload),
      onLost: (upload) => this.#lose(upload.rendition, upload.line),
    });
  }

  /** Files that neither the disk nor the memory could keep until the storage took them. */
  get lostFiles(): number {
    return this.#lostFiles;
  }

  isStored(path: string): boolean {
    return this.#stored.has(path);
  }

  append(event: MediaEvent): void {
    const openPath = 'rendition' in event ? this.history.openPath(event.rendition) : null;
    const record = this.history.apply(event);
    switch (event.type) {
      case 'playback.started':
        return this.#appendOfAll({ ...event, renditions: [...event.renditions] });
      case 'leg.started':
        return this.#appendOfAll(legRecordLine(event));
      case 'init.written':
        return this.#appendInit(event);
      case 'part.written':
        return this.#appendPart(event, openPath);
      case 'segment.ended':
        return this.#appendSegment(event, record);
      case 'segment.started':
        return this.journal.append({ tail: tailLineOf(event) ?? undefined });
      case 'playback.ended':
        return this.journal.append({ record: { type: 'playback.ended' } });
      case 'leg.ended':
        return;
    }
  }

  /** Takes up the upload of a file that an earlier run left in the spool. */
  resume(rendition: string, line: InitLine | SegmentLine): void {
    const { path } = line.type === 'init' ? line : line.record;
    if (line.type === 'segment' && line.record.gap === true) return this.uploads.addRecord(rendition, line);
    const byteLength = line.type === 'init' ? Buffer.byteLength(line.data, 'base64') : line.record.byteLength;
    this.uploads.add({ rendition, path, byteLength, line, completedAtMs: Date.now() });
  }

  /** Lets go of what is open; the spool stays for the next run. */
  async close(): Promise<void> {
    await this.uploads.close();
    await this.journal.close();
  }

  /** What another worker needs to go on: all that is stored. */
  #sharedLines(): RecordLine[] {
    return pastLines(this.history, this.#initBytes).filter((line) => {
      if (line.type === 'init') return this.#stored.has(line.path);
      return line.type !== 'segment' || line.record.gap === true || this.#stored.has(line.record.path);
    });
  }

  #appendOfAll(record: RecordLine): void {
    this.journal.append({ record });
    this.uploads.addRecord(ofAll, record);
  }

  #appendInit(event: InitWritten): void {
    const path = mediaPath.init(event.rendition, event.init, event.fence);
    const { bytes } = event;
    const line = initLine({ ...event, path }, bytes);
    this.#initBytes.set(path, bytes);
    const onFinished = (place: FilePlace) =>
      this.#finished(event.rendition, path, bytes.byteLength, line, place);
    this.journal.append({ media: { path, bytes }, record: line, finish: { path, onFinished } });
  }

  #appendPart(event: PartWritten, path: string | null): void {
    if (path === null) return;
    this.journal.append({ media: { path, bytes: event.bytes }, tail: tailLineOf(event) ?? undefined });
  }

  #appendSegment(event: SegmentEnded, record: SegmentRecord | null): void {
    const tail = tailLineOf(event) ?? undefined;
    if (record === null) return this.journal.append({ tail });
    const line = segmentLine(event.rendition, record);
    const { path, byteLength } = record;
    if (record.gap === true) {
      this.journal.append({ tail, record: line });
      return this.uploads.addRecord(event.rendition, line);
    }
    const onFinished = (place: FilePlace) => this.#finished(event.rendition, path, byteLength, line, place);
    this.journal.append({ tail, record: line, finish: { path, onFinished } });
  }

  #finished(rendition: string, path: string, byteLength: number, line: RecordLine, place: FilePlace): void {
    if (place === 'lost') this.#lose(rendition, line);
    else this.uploads.add({ rendition, path, byteLength, line, completedAtMs: Date.now() });
  }

  #lose(rendition: string, line: RecordLine): void {
    this.#lostFiles += 1;
    if (line.type === 'segment') this.history.loseSegment(rendition, line.record.msn);
  }

  #onStored({ path }: Upload): void {
    this.#stored.add(path);
    this.journal.append({ record: { type: 'stored', path } });
    // What the disk didn't take goes at once: memory is dear.
    if (this.journal.files.isInMemory(path)) void this.journal.files.remove(path);
    else this.#removable.push({ path, storedAtMs: Date.now() });
    void this.#removeOld();
  }

  /** Oldest first, once the disk share runs out. */
  async #removeOld(now = Date.now()): Promise<void> {
    for (let next = this.#removable[0]; next !== undefined; next = this.#removable[0]) {
      const isFull = this.#spool.usedBytes > this.#spool.maxBytes * keepShare;
      const isOld = now - next.storedAtMs > keepLocalMs;
      if (!isFull || !isOld) return;
      this.#removable.shift();
      await this.journal.files.remove(next.path);
    }
  }
}
