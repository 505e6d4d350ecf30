import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { mediaPath, type MediaEvent } from '../live/events.ts';
import { PlaybackHistory } from './PlaybackHistory.ts';
import { applyRecordLine, parseLines, recordLine, tailLine, type TailLine } from './records.ts';
import type { SpoolFiles } from './SpoolFiles.ts';

/** What an earlier run of a playback left behind. */
export interface Replay {
  /** All that is known, including the segments of `tail`. */
  readonly history: PlaybackHistory;
  /** Bytes of init segments by path. */
  readonly initBytes: ReadonlyMap<string, Uint8Array>;
  /** Paths of the files that the storage holds. */
  readonly stored: Set<string>;
  /**
   * Events of the newest segments with their bytes, in order; per rendition without holes up to the end. A segment
   * that was torn by the crash has no `segment.ended`.
   */
  readonly tail: readonly MediaEvent[];
  /** Valid bytes of `records.jsonl`. */
  readonly recordsLength: number;
  readonly lastTail: number;
}

/** What a recording goes on from. */
export type Past = Pick<Replay, 'history' | 'initBytes' | 'stored'>;

export const journalPaths = {
  records: (folder: string): string => join(folder, 'records.jsonl'),
  tail: (folder: string, number: number): string => join(folder, `tail-${number}.jsonl`),
} as const;

/** Target durations of media given back as events: parts stay fetchable for twice the three they are listed. */
const tailTargets = 7;

/** Numbers of the tail's files in order. */
export async function tailNumbers(folder: string): Promise<number[]> {
  const names = await readdir(folder);
  const numbers = names.flatMap((name) => /^tail-(\d+)\.jsonl$/.exec(name)?.[1] ?? []).map(Number);
  return numbers.sort((a, b) => a - b);
}

/** Reads the spool of a playback up to where the crash tore it. An empty folder gives an empty replay. */
export async function readJournal(folder: string, files: SpoolFiles): Promise<Replay> {
  const into = {
    history: new PlaybackHistory(),
    initBytes: new Map<string, Uint8Array>(),
    stored: new Set<string>(),
  };
  const text = await readFile(journalPaths.records(folder)).catch(() => Buffer.alloc(0));
  const { lines, validLength } = parseLines(text, recordLine);
  for (const line of lines) applyRecordLine(line, into);
  const numbers = await tailNumbers(folder);
  const tailLines: TailLine[] = [];
  for (const number of numbers) {
    const tailText = await readFile(journalPaths.tail(folder, number));
    tailLines.push(...parseLines(tailText, tailLine).lines);
  }
  await markLostSegments(into.history, into.stored, files);
  const tail = await readTail(tailLines, into.history, files);
  return { ...into, tail, recordsLength: validLength, lastTail: numbers.at(-1) ?? 0 };
}

/** A segment that is neither stored nor whole on disk is a gap from now on: its place in the numbering stays. */
async function markLostSegments(
  history: PlaybackHistory,
  stored: Set<string>,
  files: SpoolFiles,
): Promise<void> {
  for (const id of history.renditionIds) {
    for (const record of history.segments(id)) {
      if (record.gap === true || stored.has(record.path)) continue;
      if ((await files.size(record.path)) !== record.byteLength) history.loseSegment(id, record.msn);
    }
  }
}

async function readTail(
  lines: readonly TailLine[],
  history: PlaybackHistory,
  files: SpoolFiles,
): Promise<MediaEvent[]> {
  const events: MediaEvent[] = [];
  for (const [id, ofRendition] of Map.groupBy(lines, (line) => line.rendition)) {
    const recorded = history.segments(id).at(-1)?.msn ?? -1;
    const from = await firstOfTail(history, id, ofRendition, files);
    const inTail = ofRendition.filter((line) => line.msn >= from);
    for (const event of await withBytes(inTail, files)) {
      if (event.type !== 'playback.started' && 'msn' in event && event.msn > recorded) history.apply(event);
      events.push(event);
    }
  }
  return events;
}

/** Number of the first segment whose events are wanted: near the end, and after the last one that can't be read. */
async function firstOfTail(
  history: PlaybackHistory,
  id: string,
  lines: readonly TailLine[],
  files: SpoolFiles,
): Promise<number> {
  const starts = lines.filter((line) => line.type === 'segment.started');
  const newestSec = Math.max(...starts.map(({ mediaTimeSec }) => mediaTimeSec));
  const horizonSec = newestSec - tailTargets * (history.started?.targetDurationSec ?? 2);
  let from = starts.find(({ mediaTimeSec }) => mediaTimeSec >= horizonSec)?.msn ?? Infinity;
  for (const record of history.segments(id)) {
    if (record.msn < from) continue;
    const readable = record.gap !== true && (await files.size(record.path)) === record.byteLength;
    if (!readable) from = record.msn + 1;
  }
  return from;
}

/**
 * Gives parts their bytes back. What follows a part whose bytes are torn is left out, and bytes of a half-written part
 * are cut off, so that the file is exactly its parts.
 */
async function withBytes(lines: readonly TailLine[], files: SpoolFiles): Promise<MediaEvent[]> {
  const events: MediaEvent[] = [];
  let open: { path: string; bytes: Buffer | null; offset: number } | null = null;
  for (const line of lines) {
    if (line.type === 'segment.started') {
      const path = mediaPath.segment(line.rendition, line.msn, line.fence);
      open = { path, bytes: await files.read(path), offset: 0 };
    } else if (line.type === 'segment.ended') {
      open = null;
    } else {
      const end: number = (open?.offset ?? 0) + line.byteLength;
      if (!open?.bytes || open.bytes.byteLength < end) break;
      const { byteLength: _, ...part } = line;
      events.push({ ...part, bytes: open.bytes.subarray(open.offset, end) });
      open.offset = end;
      continue;
    }
    events.push(line);
  }
  if (open?.bytes && open.bytes.byteLength > open.offset) await files.truncate(open.path, open.offset);
  return events;
}
