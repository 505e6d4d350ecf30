import { FIRST_MSN, type MediaEvent } from '../live/events.ts';
import { Packager } from './Packager.ts';
import { closeOpenSegments, packagerStateOf, type JournalledEvent } from './PackagerFold.ts';
import { bench, feed, ladder, leg, starts } from './testing/bench.ts';
import { problemsOf, segmentsOf } from './testing/checkEvents.ts';

function journalOf(events: readonly MediaEvent[]): JournalledEvent[] {
  const lines = events.map((event): JournalledEvent => {
    if (event.type === 'part.written') {
      const { bytes, ...rest } = event;
      return { ...rest, byteLength: bytes.byteLength };
    }
    if (event.type !== 'init.written') return event;
    const { bytes, ...rest } = event;
    return bytes.byteLength > 0 ? rest : event;
  });
  return lines;
}

/** 5 s of a leg, whose end is still open. */
function recording(): MediaEvent[] {
  const here = bench(30);
  here.packager.startLeg(leg(0, 10));
  feed(here, ladder({ fps: 30, gopSec: 2 }, 10, 15), { '360p': 0.5 });
  return here.events;
}

describe('packagerStateOf', () => {
  it('is what the Packager itself would say', () => {
    const here = bench(30);
    expect(here.packager.state).toEqual({ started: false, nextMsn: 1, nextLeg: 0, nextInits: {}, end: null });
    here.packager.startLeg(leg(2, 10));
    feed(here, ladder({ fps: 30, gopSec: 2 }, 10, 15));
    here.packager.endLeg();
    const state = packagerStateOf(journalOf(here.events));
    expect(state).toEqual(here.packager.state);
    expect(state).toMatchObject({
      started: true,
      nextMsn: 4,
      nextLeg: 3,
      nextInits: { '720p': 1, '360p': 1, audio: 1 },
    });
    expect(state.end?.mediaTimeSec).toBeCloseTo(15, 1);
    expect(state.end?.programDateTimeMs).toBeCloseTo(
      1_700_000_000_000 + (state.end?.mediaTimeSec ?? 0) * 1000,
      3,
    );
    expect(JSON.parse(JSON.stringify(state))).toEqual(state);
    const tail = here.events.filter((event) => !('msn' in event) || event.msn === 3);
    expect(packagerStateOf(journalOf(tail))).toEqual(state);
  });
});

describe('closeOpenSegments', () => {
  it('has nothing to add to a log that is whole', () => {
    const here = bench(30);
    here.packager.startLeg(leg(0, 10));
    feed(here, ladder({ fps: 30, gopSec: 2 }, 10, 15));
    here.packager.endLeg();
    expect(closeOpenSegments(journalOf(here.events))).toEqual([]);
    expect(closeOpenSegments([])).toEqual([]);
  });

  it('makes a log whole wherever it breaks off, and another Packager continues it', () => {
    const all = recording();
    for (let length = 1; length <= all.length; length += 1) {
      const torn = all.slice(0, length);
      const whole = [...torn, ...closeOpenSegments(journalOf(torn))];
      expect(closeOpenSegments(journalOf(whole))).toEqual([]);
      expect([length, problemsOf(whole)]).toEqual([length, []]);
    }
    for (const length of [1, 2, 5, 40, 41, 42, 60, 75, all.length]) {
      const torn = all.slice(0, length);
      const whole = [...torn, ...closeOpenSegments(journalOf(torn))];
      const here = bench(30, { fence: 8, resumeFrom: packagerStateOf(journalOf(whole)) });
      here.packager.startLeg(leg(here.packager.state.nextLeg, 16));
      feed(here, ladder({ fps: 30, gopSec: 2 }, 16, 19));
      here.packager.end();
      const log = [...whole, ...here.events];
      expect([length, problemsOf(log)]).toEqual([length, []]);
      expect(log.filter(({ type }) => type === 'playback.started')).toHaveLength(1);
      expect(starts(log, '720p').slice(-2)).toEqual([16, 18]);
      const resumed =
        segmentsOf(log)
          .get('360p')
          ?.filter(({ started }) => started.fence === 8) ?? [];
      expect(resumed.map(({ started }) => started.discontinuity)).toEqual([
        length > 6 || resumed[0]?.started.msn !== FIRST_MSN,
        false,
      ]);
    }
  });

  it('closes with the parts that are there, and gives a gap to whoever lacks the segment', () => {
    const all = recording();
    const second = all.findIndex(
      (event) => event.type === 'segment.started' && event.rendition === '720p' && event.msn === 2,
    );
    const torn = all.slice(0, second + 1);
    const closing = closeOpenSegments(journalOf(torn));
    const low = closing.filter((event) => 'rendition' in event && event.rendition === '360p');
    expect(low.map(({ type }) => type)).toEqual(['segment.ended', 'segment.started', 'segment.ended']);
    const [ended, gap, gapEnded] = low;
    const parts = segmentsOf([...torn, ...closing]).get('360p')?.[0]?.parts ?? [];
    expect(parts.length).toBeGreaterThan(3);
    expect(ended).toMatchObject({
      msn: 1,
      byteLength: parts.reduce((sum, { bytes }) => sum + bytes.byteLength, 0),
    });
    expect(gap).toMatchObject({ rendition: '360p', msn: 2, mediaTimeSec: 12, init: 0, leg: 0 });
    expect(gapEnded).toMatchObject({ msn: 2, byteLength: 0, durationSec: 0.25 });
    expect(closing.at(-1)).toEqual({ type: 'leg.ended', leg: 0 });
  });

  it('goes on with the numbers of a playback that began with 0, also after its only segment', () => {
    const all = recording().map((event) => ('msn' in event ? { ...event, msn: event.msn - 1 } : event));
    const only = all.findIndex((event) => event.type === 'part.written');
    for (const torn of [all.slice(0, only + 1), all]) {
      const whole = [...torn, ...closeOpenSegments(journalOf(torn))];
      const nextMsn = torn === all ? 3 : 1;
      const resumeFrom = packagerStateOf(journalOf(whole));
      expect(resumeFrom.nextMsn).toBe(nextMsn);
      const here = bench(30, { fence: 8, resumeFrom });
      here.packager.startLeg(leg(1, 16));
      feed(here, ladder({ fps: 30, gopSec: 2 }, 16, 17));
      here.packager.end();
      const log = [...whole, ...here.events];
      expect(problemsOf(log)).toEqual([]);
      for (const told of segmentsOf(log).values()) {
        expect(told[0]?.started).toMatchObject({ msn: 0, discontinuity: false });
        expect(told.at(-1)?.started).toMatchObject({ msn: nextMsn, discontinuity: true });
      }
    }
  });

  it('is what a Packager is given that begins anew with the same numbers', () => {
    const { options } = bench(30);
    const packager = new Packager({ ...options, resumeFrom: packagerStateOf([]) });
    expect(packager.state).toEqual(new Packager(options).state);
  });
});
