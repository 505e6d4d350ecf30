import { z } from 'zod';
import { isoDate, sessionId } from './ids.ts';
import { timeZone } from './notifications.ts';
import { session } from './sessions.ts';

const dayMs = 86_400_000;
const unitDays = { day: 1, week: 7, month: 28, year: 365 } as const;
/** More are more than anybody can look at. */
const maxPeriods = 400;

const day = z.iso
  .date()
  .refine((text) => text >= '2000-01-01' && text < '2100-01-01', 'must be between 2000 and 2099');
const range = {
  /** First and last day, both included. */
  from: day,
  to: day,
  by: z.enum(['day', 'week', 'month', 'year']).default('day'),
  weekStart: z.enum(['monday', 'saturday', 'sunday']).default('monday'),
};
/** An IANA name: offsets mean their opposite to PostgreSQL. */
const namedZone = timeZone.regex(/^[A-Za-z]/, 'must be a name like Asia/Riyadh').default('UTC');

function isOrdered({ from, to }: { from: string; to: string }): boolean {
  return from <= to;
}
function isShort({ from, to, by }: { from: string; to: string; by: keyof typeof unitDays }): boolean {
  return (Date.parse(to) - Date.parse(from)) / dayMs / unitDays[by] < maxPeriods;
}
const disordered = { path: ['to'], message: 'must not be before from' };
const tooLong = { path: ['to'], message: `more than ${maxPeriods} periods` };

/** Days begin at midnight of the time zone, weeks on `weekStart`; periods at the ends have only what lies in the range. */
export const creatorStatsInput = z
  .object({ ...range, timeZone: namedZone })
  .refine(isOrdered, disordered)
  .refine(isShort, tooLong);
export type CreatorStatsInput = z.infer<typeof creatorStatsInput>;

const count = z.int();
/** What happened to a creator in some time. */
export const creatorFigures = z.object({
  /** Sessions that began. */
  sessions: count,
  liveMs: count,
  /** The time that all viewers together watched. */
  watchMs: count,
  /** Different people and devices who watched then, by quarters of an hour: an estimate, with a standard error of 0.81 %. */
  uniqueViewers: count,
  /** At most at the same time, of one session. */
  peakViewers: count,
  messages: count,
  /** Gifts received and their coins; what was given back counts as negative when it was. */
  gifts: count,
  coins: count,
  /** Of the coins, without the platform's part. */
  earned: count,
  /** People who began to follow, and still did when it was counted. */
  followers: count,
});
export type CreatorFigures = z.infer<typeof creatorFigures>;
/** The first day of the period; of a week or month at the beginning of the range it may lie before the range. */
const period = z.object({ period: z.iso.date() });
export const creatorPeriod = period.extend(creatorFigures.shape);
export type CreatorPeriod = z.infer<typeof creatorPeriod>;
/** Up to when everything was counted; null: not yet. */
const countedUpTo = isoDate.nullable();
export const creatorStats = z.object({
  countedUpTo,
  periods: z.array(creatorPeriod),
  total: creatorFigures,
});
export type CreatorStats = z.infer<typeof creatorStats>;

export const sessionStatsInput = z.object({
  id: sessionId,
  /** How many points the timeline has at most. */
  points: z.coerce.number().int().min(10).max(1_000).default(300),
});
/**
 * How a session was watched, and what happened in it: up to now, or to its end. Viewers are counted to within a second, and for as
 * long as somebody plays its last seconds; a gift that is given back counts no more.
 */
export const sessionSummary = creatorFigures.omit({ sessions: true }).extend({
  startedAt: isoDate.nullable(),
  endedAt: isoDate.nullable(),
});
export type SessionSummary = z.infer<typeof sessionSummary>;
/** A session that its host or a moderator has ended. */
export const endedSession = session.extend({ stats: sessionSummary });
/** The same, from its beginning on. */
export const sessionStats = sessionSummary.extend({
  timeline: z.object({
    /** From one point to the next, a multiple of 30 seconds. */
    stepMs: count,
    /** Viewers at most at the same time in each step, from the session's beginning on. */
    viewers: z.array(count),
  }),
});
export type SessionStats = z.infer<typeof sessionStats>;

/** In days of UTC. */
export const platformStatsInput = z.object(range).refine(isOrdered, disordered).refine(isShort, tooLong);
export type PlatformStatsInput = z.infer<typeof platformStatsInput>;
export const platformFigures = z.object({
  newUsers: count,
  /** People who signed in or renewed their sign-in; for 400 days. */
  activeUsers: count,
  sessions: count,
  liveMs: count,
  watchMs: count,
  /** Viewers of all sessions, at most at the same time. */
  peakViewers: count,
  messages: count,
  follows: count,
  gifts: count,
  coins: count,
  /** In coins, as all that follow: the platform's part of gifts, coins bought, taken back and paid out. */
  commission: count,
  deposits: count,
  depositReturns: count,
  withdrawals: count,
});
export type PlatformFigures = z.infer<typeof platformFigures>;
export const platformPeriod = period.extend(platformFigures.shape);
export type PlatformPeriod = z.infer<typeof platformPeriod>;
export const platformStats = z.object({
  countedUpTo,
  /** At this moment. */
  now: z.object({ sessions: count, viewers: count }),
  periods: z.array(platformPeriod),
  total: platformFigures,
});
export type PlatformStats = z.infer<typeof platformStats>;

/** What a file has: a row for each period, or for each of the things themselves. */
export const creatorExportInput = z
  .object({ ...range, timeZone: namedZone, kind: z.enum(['periods', 'sessions', 'gifts']) })
  .refine(isOrdered, disordered)
  .refine(isShort, tooLong);
export type CreatorExportInput = z.infer<typeof creatorExportInput>;
export const platformExportInput = z
  .object({ ...range, kind: z.enum(['periods', 'sessions', 'deposits', 'withdrawals']) })
  .refine(isOrdered, disordered)
  .refine(isShort, tooLong);
export type PlatformExportInput = z.infer<typeof platformExportInput>;
/** A file of RFC 4180, UTF-8 with a byte order mark: a stream when it is sent, a file for the typed client. */
export const csvFile = z.custom<Blob | ReadableStream>(
  (value) => value instanceof Blob || value instanceof ReadableStream,
);
