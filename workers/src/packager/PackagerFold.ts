import {
  FIRST_MSN,
  type InitWritten,
  type LegEnded,
  type LegStarted,
  type MediaEvent,
  type PartWritten,
  type PlaybackEnded,
  type PlaybackStarted,
  type SegmentEnded,
  type SegmentStarted,
} from '../live/events.ts';

/** A media event as journals keep it: bytes may be missing, a part then says how many there were. */
export type JournalledEvent =
  | PlaybackStarted
  | LegStarted
  | Omit<InitWritten, 'bytes'>
  | SegmentStarted
  | PartWritten
  | (Omit<PartWritten, 'bytes'> & { readonly byteLength: number })
  | SegmentEnded
  | LegEnded
  | PlaybackEnded;

/** A media time and the wall clock (Unix ms) of it. */
export interface TimelinePoint {
  readonly mediaTimeSec: number;
  readonly programDateTimeMs: number;
}

/** All that a Packager has to know of what came before it; plain JSON. */
export interface PackagerState {
  /** `playback.started` was written. */
  readonly started: boolean;
  readonly nextMsn: number;
  readonly nextLeg: number;
  /** By rendition id. */
  readonly nextInits: Readonly<Record<string, number>>;
  /** The latest end of any rendition; null before the first sample. */
  readonly end: TimelinePoint | null;
}

interface Span {
  /** The first rendition's start of this msn; the others begin within a frame of it. */
  readonly started: SegmentStarted;
  durationSec: number;
}

interface Progress {
  nextMsn: number;
  end: TimelinePoint | null;
  open: { readonly started: SegmentStarted; durationSec: number; byteLength: number } | null;
}

/** Folds a playback's events into what a Packager needs to continue it. Keeps only unfinished segments. */
export class PackagerFold {
  #started: PlaybackStarted | null = null;
  #hasStarted: boolean;
  #nextMsn: number;
  #nextLeg: number;
  #nextInits: Record<string, number>;
  #end: TimelinePoint | null;
  #openLeg: number | null = null;
  /** Segments that not every rendition has finished. */
  readonly #spans = new Map<number, Span>();
  readonly #progress = new Map<string, Progress>();

  constructor(state?: PackagerState) {
    this.#hasStarted = state?.started ?? false;
    this.#nextMsn = state?.nextMsn ?? FIRST_MSN;
    this.#nextLeg = state?.nextLeg ?? 0;
    this.#nextInits = { ...state?.nextInits };
    this.#end = state?.end ?? null;
  }

  get state(): PackagerState {
    return {
      started: this.#hasStarted,
      nextMsn: this.#nextMsn,
      nextLeg: this.#nextLeg,
      nextInits: { ...this.#nextInits },
      end: this.#end,
    };
  }

  get end(): TimelinePoint | null {
    return this.#end;
  }

  nextInit(rendition: string): number {
    return this.#nextInits[rendition] ?? 0;
  }

  apply(event: JournalledEvent): void {
    switch (event.type) {
      case 'playback.started':
        this.#started = event;
        this.#hasStarted = true;
        return;
      case 'leg.started':
        this.#openLeg = event.leg;
        this.#nextLeg = Math.max(this.#nextLeg, event.leg + 1);
        return;
      case 'init.written':
        this.#nextInits[event.rendition] = Math.max(this.nextInit(event.rendition), event.init + 1);
        return;
      case 'segment.started':
        return this.#startSegment(event);
      case 'part.written':
        return this.#addPart(event);
      case 'segment.ended':
        return this.#endSegment(event);
      case 'leg.ended':
        this.#openLeg = null;
        return;
      case 'playback.ended':
        return;
    }
  }

  /**
   * The events that make the log whole after a crash: every rendition's half-written segment ends with the parts it
   * has, segments that other renditions have become gaps, and the leg ends. Afterwards all renditions go on at the
   * same msn. The fold isn't changed: apply what is returned.
   */
  closing(): MediaEvent[] {
    const events: MediaEvent[] = [];
    for (const { id } of this.#started?.renditions ?? []) {
      const { open, nextMsn, end } = this.#progressOf(id);
      if (open === null) events.push(...this.#gaps(id, nextMsn, end));
      else {
        const ended = this.#endOfOpen(open, id);
        events.push(ended, ...this.#gaps(id, nextMsn + 1, endOf(open.started, ended.durationSec)));
      }
    }
    if (this.#openLeg !== null) events.push({ type: 'leg.ended', leg: this.#openLeg });
    return events;
  }

  #startSegment(started: SegmentStarted): void {
    const progress = this.#progressOf(started.rendition);
    progress.open = { started, durationSec: 0, byteLength: 0 };
    progress.nextMsn = started.msn;
    this.#nextMsn = Math.max(this.#nextMsn, started.msn + 1);
    if (!this.#spans.has(started.msn)) this.#spans.set(started.msn, { started, durationSec: 0 });
  }

  #addPart(event: PartWritten | (Omit<PartWritten, 'bytes'> & { readonly byteLength: number })): void {
    const { open } = this.#progressOf(event.rendition);
    if (open?.started.msn !== event.msn) return;
    open.durationSec += event.durationSec;
    open.byteLength += 'bytes' in event ? event.bytes.byteLength : event.byteLength;
    this.#reach(open.started, open.durationSec);
  }

  #endSegment(event: SegmentEnded): void {
    const progress = this.#progressOf(event.rendition);
    if (progress.open?.started.msn !== event.msn) return;
    progress.end = this.#reach(progress.open.started, event.durationSec);
    progress.open = null;
    progress.nextMsn = event.msn + 1;
    this.#forgetFinished();
  }

  #reach(started: SegmentStarted, durationSec: number): TimelinePoint {
    const span = this.#spans.get(started.msn);
    if (span !== undefined) span.durationSec = Math.max(span.durationSec, durationSec);
    const end = endOf(started, durationSec);
    if (end.mediaTimeSec > (this.#end?.mediaTimeSec ?? -Infinity)) this.#end = end;
    return end;
  }

  #forgetFinished(): void {
    let finished = this.#nextMsn;
    for (const { id } of this.#started?.renditions ?? []) {
      finished = Math.min(finished, this.#progressOf(id).nextMsn);
    }
    for (const msn of this.#spans.keys()) {
      if (msn < finished) this.#spans.delete(msn);
    }
  }

  /** A rendition that has nothing yet begins with the oldest segment that another one has. */
  #progressOf(id: string): Progress {
    const known = this.#progress.get(id);
    if (known !== undefined) return known;
    const progress: Progress = {
      nextMsn: Math.min(this.#nextMsn, ...this.#spans.keys()),
      end: null,
      open: null,
    };
    this.#progress.set(id, progress);
    return progress;
  }

  #endOfOpen(open: NonNullable<Progress['open']>, rendition: string): SegmentEnded {
    const { msn } = open.started;
    const durationSec = open.byteLength > 0 ? open.durationSec : this.#spanSec(msn);
    return { type: 'segment.ended', rendition, msn, durationSec, byteLength: open.byteLength };
  }

  /** Gaps for a rendition from a msn on, as far as others have come; they begin where its own media ends. */
  #gaps(rendition: string, fromMsn: number, from: TimelinePoint | null): MediaEvent[] {
    const events: MediaEvent[] = [];
    const init = this.nextInit(rendition) - 1;
    let end = from;
    for (let msn = fromMsn; msn < this.#nextMsn; msn += 1) {
      const span = this.#spans.get(msn);
      if (span === undefined) continue;
      const spanEnd = endOf(span.started, this.#spanSec(msn));
      const begin = laterOf(span.started, end);
      const durationSec = Math.max(spanEnd.mediaTimeSec - begin.mediaTimeSec, 0);
      events.push(
        { ...span.started, rendition, init, ...begin },
        { type: 'segment.ended', rendition, msn, durationSec, byteLength: 0 },
      );
      end = laterOf(spanEnd, begin);
    }
    return events;
  }

  /** A segment that no rendition has a part of still needs a length. */
  #spanSec(msn: number): number {
    const spanSec = this.#spans.get(msn)?.durationSec ?? 0;
    return spanSec > 0 ? spanSec : (this.#started?.partTargetSec ?? 0);
  }
}

function endOf({ mediaTimeSec, programDateTimeMs }: TimelinePoint, durationSec: number): TimelinePoint {
  return {
    mediaTimeSec: mediaTimeSec + durationSec,
    programDateTimeMs: programDateTimeMs + durationSec * 1000,
  };
}

function laterOf(a: TimelinePoint, b: TimelinePoint | null): TimelinePoint {
  const { mediaTimeSec, programDateTimeMs } = b !== null && b.mediaTimeSec > a.mediaTimeSec ? b : a;
  return { mediaTimeSec, programDateTimeMs };
}

function foldOf(events: Iterable<JournalledEvent>): PackagerFold {
  const fold = new PackagerFold();
  for (const event of events) fold.apply(event);
  return fold;
}

/**
 * What a Packager needs to continue a playback (`resumeFrom`). `events` may leave out old segments: `playback.started`,
 * every `init.written`, the last `leg.started`, and for each rendition its last complete and its open segment are enough.
 */
export function packagerStateOf(events: Iterable<JournalledEvent>): PackagerState {
  return foldOf(events).state;
}

/**
 * After a crash: the events to append to a journal so that every segment in it is closed and every rendition has
 * every msn (see `PackagerFold.closing`). Empty when there is nothing to close. Derive the state for the next Packager
 * from the journal with these appended.
 */
export function closeOpenSegments(events: Iterable<JournalledEvent>): MediaEvent[] {
  return foldOf(events).closing();
}
