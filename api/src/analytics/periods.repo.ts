import { AppError } from '@maydan/common';
import type { CreatorStatsInput, PlatformStatsInput } from '@maydan/contracts';
import { Prisma } from '@maydan/prisma';

/** Days of a time zone, and how they are put together. */
export type Range = PlatformStatsInput & Pick<CreatorStatsInput, 'timeZone'>;

const weekShift = { monday: 0, sunday: 1, saturday: 2 } as const;

/** The beginning of the period that a local time is in. PostgreSQL's weeks begin on Monday. */
function beginning(local: Prisma.Sql, { by, weekStart }: Range): Prisma.Sql {
  const shift = by === 'week' ? weekShift[weekStart] : 0;
  const days = Prisma.sql`make_interval(days => ${shift}::int)`;
  return Prisma.sql`(date_trunc(${by}::text, ${local} + ${days}) - ${days})`;
}

/** A time as clocks of the range's zone show it. */
export function local(time: Prisma.Sql, { timeZone }: Pick<Range, 'timeZone'>): Prisma.Sql {
  return Prisma.sql`(${time} AT TIME ZONE ${timeZone}::text)`;
}

/** The period of a time, as the text that answers have. */
export function periodOf(time: Prisma.Sql, range: Range): Prisma.Sql {
  return Prisma.sql`to_char(${beginning(local(time, range), range)}, 'YYYY-MM-DD')`;
}

/**
 * Whether a time lies in the range, by the zone's clocks: also where midnight comes twice or not at all. The first two comparisons,
 * which an index can answer, are wide enough for every zone.
 */
export function inRange(time: Prisma.Sql, range: Range): Prisma.Sql {
  const { from, to } = range;
  return Prisma.sql`
    ${time} >= (${from}::timestamp - interval '2 days') AT TIME ZONE 'UTC' AND ${time} < (${to}::timestamp + interval '3 days') AT TIME ZONE 'UTC'
    AND ${local(time, range)} >= ${from}::timestamp AND ${local(time, range)} < ${to}::timestamp + interval '1 day'`;
}

/** All periods of the range, as rows with "period", also those in which nothing happened. */
export function allPeriods(range: Range): Prisma.Sql {
  const { from, to, by } = range;
  return Prisma.sql`
    SELECT to_char(g."begin", 'YYYY-MM-DD') AS "period"
    FROM generate_series(${beginning(Prisma.sql`${from}::timestamp`, range)}, ${to}::timestamp, ${`1 ${by}`}::interval) AS g("begin")`;
}

/** Runs a query of a range. A zone that JavaScript knows and PostgreSQL doesn't is refused like any unknown one. */
export async function askedInZone<T>(query: Promise<T>): Promise<T> {
  try {
    return await query;
  } catch (error) {
    const isUnknown =
      error instanceof Prisma.PrismaClientKnownRequestError && JSON.stringify(error.meta).includes('22023');
    if (!isUnknown) throw error;
    throw new AppError('validation_failed', undefined, [{ path: 'timeZone', message: 'is not a time zone' }]);
  }
}
