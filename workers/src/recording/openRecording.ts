import { playbackKeys } from '@maydan/contracts';
import type { Redis } from '@maydan/common';
import type { MediaEvent } from '../live/events.ts';
import { closeOpenSegments, type JournalledEvent } from '../packager/PackagerFold.ts';
import { Journal } from './Journal.ts';
import { PlaybackHistory } from './PlaybackHistory.ts';
import type { Past } from './readJournal.ts';
import { applyRecordLine, initLine, parseLines, pastLines, recordLine, segmentLine } from './records.ts';
import type { RecordLine } from './records.ts';
import { Recording, type RecordingOptions } from './Recording.ts';

/** A recording taken up where an earlier run, here or on another worker, left it. */
export interface OpenedRecording {
  readonly recording: Recording;
  /** Events of the newest segments with their bytes, for the live window; empty when the spool was elsewhere. */
  readonly tail: readonly MediaEvent[];
  /** Bytes of init segments by path. */
  readonly initBytes: ReadonlyMap<string, Uint8Array>;
  /**
   * What a Packager has to know of the past (`packagerStateOf`). Segments that a crash left open are closed in it; their
   * closing events are at the end of `tail` too.
   */
  readonly past: readonly JournalledEvent[];
}

/**
 * Opens the recording of a playback. The spool knows most; when another worker ran the playback since, or the spool
 * is empty, the records in Redis tell what is stored. Rejects while Redis or the folder can't be reached.
 */
export async function openRecording(
  options: RecordingOptions & { readonly redis: Redis },
): Promise<OpenedRecording> {
  const { spool, fence, redis, log } = options;
  const shared = await readRedis(redis, fence.playbackId);
  let { journal, replay } = await Journal.open(spool, fence.playbackId, log);
  const isStale = knowsMore(shared.history, replay.history);
  if (isStale && replay.history.started !== null) {
    log.warn(
      { ours: replay.history.lastFence, newest: shared.history.lastFence },
      'spool of an older run dropped',
    );
    await journal.close();
    await spool.remove(fence.playbackId);
    ({ journal, replay } = await Journal.open(spool, fence.playbackId, log));
  }
  const past: Past = isStale ? shared : replay;
  const recording = new Recording(options, journal, past);
  if (isStale) writeDown(journal, past);
  await recording.shared.repair(shared.lineCount);
  await takeUp(recording, past);
  return { recording, initBytes: past.initBytes, ...closeTorn(recording, past, isStale ? [] : replay.tail) };
}

/** A newer run wrote elsewhere, or this disk lost what Redis still has. */
function knowsMore(shared: PlaybackHistory, own: PlaybackHistory): boolean {
  if (shared.lastFence !== own.lastFence) return shared.lastFence > own.lastFence;
  return shared.newestMsn > own.newestMsn;
}

async function readRedis(redis: Redis, playbackId: string) {
  const into = {
    history: new PlaybackHistory(),
    initBytes: new Map<string, Uint8Array>(),
    stored: new Set<string>(),
  };
  const texts = await redis.lrange(playbackKeys.segments(playbackId), 0, -1);
  const { lines } = parseLines(Buffer.from(texts.map((text) => `${text}\n`).join('')), recordLine);
  // Lines of different renditions, and those of a repaired list, are in no order.
  const inOrder = lines.toSorted((a, b) => msnOf(a) - msnOf(b));
  for (const line of inOrder) {
    applyRecordLine(line, into);
    if (line.type === 'init') into.stored.add(line.path);
    if (line.type === 'segment') into.stored.add(line.record.path);
  }
  return { ...into, lineCount: texts.length };
}

const msnOf = (line: RecordLine): number => (line.type === 'segment' ? line.record.msn : -1);

/** The spool learns what only Redis knew. */
function writeDown(journal: Journal, { history, initBytes, stored }: Past): void {
  for (const record of pastLines(history, initBytes)) {
    journal.append({ record });
    const path = record.type === 'init' ? record.path : record.type === 'segment' ? record.record.path : '';
    if (stored.has(path)) journal.append({ record: { type: 'stored', path } });
  }
}

/** Uploads go on with what is complete but not stored; init segments come first, then segments by time. */
async function takeUp(recording: Recording, { history, initBytes, stored }: Past): Promise<void> {
  for (const init of history.inits) {
    const bytes = initBytes.get(init.path);
    if (stored.has(init.path) || bytes === undefined) continue;
    await recording.journal.files.append(init.path, bytes);
    recording.journal.files.finish(init.path);
    recording.resume(init.rendition, initLine(init, bytes));
  }
  const waiting = history.renditionIds.flatMap((id) =>
    history.segments(id).flatMap((record) => (stored.has(record.path) || record.gap ? [] : [{ id, record }])),
  );
  waiting.sort((a, b) => a.record.msn - b.record.msn);
  for (const { id, record } of waiting) recording.resume(id, segmentLine(id, record));
}

/** Ends what the crash tore: closing events go the way of all events, into spool, uploads and window. */
function closeTorn(
  recording: Recording,
  { history }: Past,
  tail: readonly MediaEvent[],
): Pick<OpenedRecording, 'tail' | 'past'> {
  const known = pastEvents(history, tail);
  const closing = closeOpenSegments(known);
  for (const event of closing) recording.append(event);
  return { tail: [...tail, ...closing], past: [...known, ...closing] };
}

/** The events a Packager needs of a past: how it began, inits, the last leg, and the newest segments. */
function pastEvents(history: PlaybackHistory, tail: readonly MediaEvent[]): JournalledEvent[] {
  if (history.started === null) return [];
  const lastLeg = history.legs.at(-1);
  const inits = history.inits.map((init) => ({ type: 'init.written' as const, ...init }));
  const events: JournalledEvent[] = [history.started, ...inits];
  if (lastLeg !== undefined) events.push({ type: 'leg.started', ...lastLeg });
  for (const id of history.renditionIds) {
    const inTail = tail.filter((event) => 'rendition' in event && event.rendition === id);
    const firstInTail = inTail.find((event) => event.type === 'segment.started')?.msn ?? Infinity;
    const last = history.segments(id).findLast(({ msn }) => msn < firstInTail);
    if (last !== undefined) {
      const { msn, mediaTimeSec, programDateTimeMs, discontinuity, durationSec, byteLength } = last;
      const common = { rendition: id, msn };
      const leg = last.leg ?? 0;
      const start = { leg, init: 0, fence: 0, mediaTimeSec, programDateTimeMs, discontinuity };
      events.push({ type: 'segment.started', ...common, ...start });
      events.push({ type: 'segment.ended', ...common, durationSec, byteLength });
    }
    events.push(...inTail);
  }
  return events;
}
