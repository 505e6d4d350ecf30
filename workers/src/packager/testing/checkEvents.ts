import type {
  MediaEvent,
  PartWritten,
  PlaybackStarted,
  SegmentEnded,
  SegmentStarted,
} from '../../live/events.ts';

/** For tests: a segment of one rendition as its events told it. */
export interface ToldSegment {
  readonly started: SegmentStarted;
  readonly parts: PartWritten[];
  ended: SegmentEnded | null;
}

/** Segments of every rendition by id, in order. @throws Error when events break the order they guarantee. */
export function segmentsOf(events: readonly MediaEvent[]): Map<string, ToldSegment[]> {
  const [first] = events;
  if (first?.type !== 'playback.started') throw new Error('playback.started is not first.');
  const segments = new Map<string, ToldSegment[]>(first.renditions.map(({ id }) => [id, []]));
  const inits = new Map<string, number>();
  let leg: number | null = null;
  for (const event of events.slice(1)) {
    if (event.type === 'leg.started') leg = event.leg;
    if (event.type === 'leg.ended') {
      if (leg !== event.leg) throw new Error(`Leg ${event.leg} ended without having started.`);
      leg = null;
    }
    if (!('rendition' in event)) continue;
    if (leg === null) throw new Error(`${event.type} outside of a leg.`);
    if (event.type === 'init.written') inits.set(event.rendition, event.init);
    else addTo(segments.get(event.rendition) ?? [], event, inits.get(event.rendition) ?? -1);
  }
  return segments;
}

function addTo(told: ToldSegment[], event: SegmentStarted | PartWritten | SegmentEnded, init: number): void {
  const last = told.at(-1);
  const name = `${event.type} ${event.rendition}/${event.msn}`;
  if (event.type === 'segment.started') {
    if (last !== undefined && (last.ended === null || event.msn !== last.started.msn + 1))
      throw new Error(name);
    if (event.init !== init) throw new Error(`${name}: init ${event.init} instead of ${init}.`);
    told.push({ started: event, parts: [], ended: null });
    return;
  }
  if (last === undefined || last.ended !== null || last.started.msn !== event.msn) throw new Error(name);
  if (event.type === 'segment.ended') last.ended = event;
  else if (event.part === last.parts.length) last.parts.push(event);
  else throw new Error(`${name}: part ${event.part} is out of order.`);
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
const printed = (sec: number): number => Number(sec.toFixed(5));

/** What is wrong with a log of events by the rules for parts and segments; empty when all is well. */
export function problemsOf(events: readonly MediaEvent[]): string[] {
  const segments = segmentsOf(events);
  const playback = events.find((event) => event.type === 'playback.started');
  const problems: string[] = [];
  if (playback === undefined) return ['no playback.started'];
  const numbers = new Set(
    [...segments.values()].map((told) => told.map(({ started }) => started.msn).join()),
  );
  if (numbers.size > 1) problems.push(`segments differ: ${[...numbers].join(' / ')}`);
  for (const [id, told] of segments) {
    told.forEach((segment, index) => {
      const where = `${id}/${segment.started.msn}: `;
      problems.push(...segmentProblems(segment, told[index - 1], playback).map((problem) => where + problem));
    });
  }
  return problems;
}

function segmentProblems(
  segment: ToldSegment,
  before: ToldSegment | undefined,
  playback: PlaybackStarted,
): string[] {
  const { started, parts, ended } = segment;
  if (ended === null) return ['never ended'];
  const problems: string[] = [];
  if (parts.length > 0 && Math.abs(sum(parts.map((part) => part.durationSec)) - ended.durationSec) > 1e-9) {
    problems.push('is not as long as its parts');
  }
  if (sum(parts.map((part) => part.bytes.byteLength)) !== ended.byteLength) problems.push('has other bytes');
  if (Math.round(ended.durationSec) > playback.targetDurationSec) problems.push(`lasts ${ended.durationSec}`);
  if (before?.ended && started.mediaTimeSec < before.started.mediaTimeSec + before.ended.durationSec - 1e-4) {
    problems.push('begins before the last one ends');
  }
  if (before?.ended && started.programDateTimeMs < endOfClock(before) - 1e-3)
    problems.push('its clock goes back');
  const target = printed(playback.partTargetSec);
  parts.forEach(({ durationSec }, index) => {
    const isLast = index === parts.length - 1;
    if (printed(durationSec) > target) problems.push(`part ${index} lasts ${durationSec}`);
    if (!isLast && printed(durationSec) < 0.85 * target)
      problems.push(`part ${index} lasts only ${durationSec}`);
  });
  return problems;
}

const endOfClock = ({ started, ended }: ToldSegment): number =>
  started.programDateTimeMs + (ended?.durationSec ?? 0) * 1000;
