import { parseJson } from '@maydan/common';
import { renditionId } from '@maydan/contracts';
import { z } from 'zod';
import type { MediaEvent } from '../live/events.ts';
import type { SegmentRecord } from '../origin/playlists/index.ts';
import type { InitRecord, LegRecord, PlaybackHistory } from './PlaybackHistory.ts';

/**
 * Lines of what was produced, one JSON object each. The spool holds them all; the Redis list of a playback holds
 * those whose media is stored. Both are read back by another process, so they are parsed with these schemas.
 */
const count = z.int().min(0);
const path = z.string().max(120);
const keyFrame = z.object({ offset: count, length: count, mediaTimeSec: z.number() });
const rendition = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('video'),
    id: renditionId,
    width: count,
    height: count,
    frameRate: z.number(),
    copied: z.boolean(),
    bitrateBps: z.number(),
  }),
  z.object({ kind: z.literal('audio'), id: renditionId, bitrateBps: z.number() }),
]);
const size = { width: count.optional(), height: count.optional() };

const startedLine = z.object({
  type: z.literal('playback.started'),
  renditions: z.array(rendition),
  targetDurationSec: z.number(),
  partTargetSec: z.number(),
});
const legLine = z.object({
  type: z.literal('leg.started'),
  leg: count,
  mediaTimeSec: z.number(),
  programDateTimeMs: z.number(),
});
const initRecordLine = z.object({
  type: z.literal('init'),
  rendition: renditionId,
  init: count,
  leg: count,
  fence: count,
  codecs: z.string(),
  ...size,
  path,
  /** The bytes in base64: an init segment is small, and whoever takes over needs it. */
  data: z.string(),
});
const segmentRecordLine = z.object({
  type: z.literal('segment'),
  rendition: renditionId,
  record: z.object({
    msn: count,
    path,
    mediaTimeSec: z.number(),
    durationSec: z.number(),
    programDateTimeMs: z.number(),
    discontinuity: z.boolean(),
    initPath: path,
    keyFrames: z.array(keyFrame),
    byteLength: count,
    gap: z.boolean().optional(),
    leg: count.optional(),
  }),
});

/** A line of what is over and won't change: of `records.jsonl` and of the Redis list. */
export const recordLine = z.discriminatedUnion('type', [
  startedLine,
  legLine,
  initRecordLine,
  segmentRecordLine,
  /** Spool only: the file is stored and recorded in Redis. */
  z.object({ type: z.literal('stored'), path }),
  z.object({ type: z.literal('playback.ended') }),
]);
export type RecordLine = z.infer<typeof recordLine>;
export type InitLine = Extract<RecordLine, { type: 'init' }>;
export type SegmentLine = Extract<RecordLine, { type: 'segment' }>;

/** A line of the spool's tail: the events of the newest segments; a part's bytes are in the segment's file. */
export const tailLine = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('segment.started'),
    rendition: renditionId,
    msn: count,
    leg: count,
    init: z.int(),
    fence: count,
    mediaTimeSec: z.number(),
    programDateTimeMs: z.number(),
    discontinuity: z.boolean(),
  }),
  z.object({
    type: z.literal('part.written'),
    rendition: renditionId,
    msn: count,
    part: count,
    durationSec: z.number(),
    independent: z.boolean(),
    keyFrames: z.array(keyFrame),
    byteLength: count,
  }),
  z.object({
    type: z.literal('segment.ended'),
    rendition: renditionId,
    msn: count,
    durationSec: z.number(),
    byteLength: count,
  }),
]);
export type TailLine = z.infer<typeof tailLine>;

export const segmentLine = (renditionOf: string, record: SegmentRecord): SegmentLine => ({
  type: 'segment',
  rendition: renditionOf,
  record: { ...record, keyFrames: [...record.keyFrames] },
});

export const initLine = (record: InitRecord, bytes: Uint8Array): InitLine => {
  const { rendition: id, init, leg, fence, codecs, width, height, path: at } = record;
  const data = Buffer.from(bytes).toString('base64');
  return { type: 'init', rendition: id, init, leg, fence, codecs, width, height, path: at, data };
};

export const legRecordLine = ({ leg, mediaTimeSec, programDateTimeMs }: LegRecord): RecordLine => ({
  type: 'leg.started',
  leg,
  mediaTimeSec,
  programDateTimeMs,
});

/** All that a history knows, as lines. */
export function pastLines(
  history: PlaybackHistory,
  initBytes: ReadonlyMap<string, Uint8Array>,
): RecordLine[] {
  const lines: RecordLine[] = [];
  const { started } = history;
  if (started !== null) lines.push({ ...started, renditions: [...started.renditions] });
  for (const leg of history.legs) lines.push(legRecordLine(leg));
  for (const init of history.inits) lines.push(initLine(init, initBytes.get(init.path) ?? new Uint8Array()));
  for (const id of history.renditionIds) {
    for (const record of history.segments(id)) lines.push(segmentLine(id, record));
  }
  return lines;
}

/** The line of an event that belongs to the tail, null for others. */
export function tailLineOf(event: MediaEvent): TailLine | null {
  switch (event.type) {
    case 'segment.started':
    case 'segment.ended':
      return event;
    case 'part.written': {
      const { bytes, keyFrames, ...rest } = event;
      return { ...rest, keyFrames: [...keyFrames], byteLength: bytes.byteLength };
    }
    default:
      return null;
  }
}

/** Adds a line to a history; inits' bytes go into `initBytes` by path, paths of stored files into `stored`. */
export function applyRecordLine(
  line: RecordLine,
  into: { history: PlaybackHistory; initBytes: Map<string, Uint8Array>; stored: Set<string> },
): void {
  const { history } = into;
  if (line.type === 'playback.started') history.start(line);
  else if (line.type === 'leg.started') history.addLeg(line);
  else if (line.type === 'segment') history.addSegment(line.rendition, line.record);
  else if (line.type === 'stored') into.stored.add(line.path);
  else if (line.type === 'playback.ended') history.ended = true;
  else {
    history.addInit(line);
    into.initBytes.set(line.path, Buffer.from(line.data, 'base64'));
  }
}

/**
 * Parses lines until the first that is torn or not understood; what follows it is of no use, since its place in the
 * order isn't known. `validLength`: bytes up to there.
 */
export function parseLines<T extends z.ZodType>(
  text: Buffer,
  schema: T,
): { lines: z.infer<T>[]; validLength: number } {
  const lines: z.infer<T>[] = [];
  let from = 0;
  for (let end = text.indexOf(0x0a); end >= 0; end = text.indexOf(0x0a, from)) {
    const parsed = schema.safeParse(parseJson(text.toString('utf8', from, end)));
    if (!parsed.success) break;
    lines.push(parsed.data);
    from = end + 1;
  }
  return { lines, validLength: from };
}
