import { leaderboardPeriod, type LeaderboardPeriod } from '@maydan/contracts';

/** A leaderboard: its key in Redis, who is listed on it, and how long it is kept. */
export interface Board {
  readonly key: string;
  readonly member: string;
  readonly ttlSec: number;
}

export interface Counted {
  readonly sessionId: string;
  readonly senderId: string;
  readonly recipientId: string;
  readonly at: Date;
}

export const boardPrefix = 'maydan:gifts:board:';
const daySec = 86_400;
/** The newest period and the one before it, with time to spare. */
export const keptDays = { session: 90, day: 3, week: 15, month: 63 } as const;

export const sessionBoard = (sessionId: string): string => `${boardPrefix}session:${sessionId}`;
/** Who gave to somebody. */
export const givenTo = (userId: string, period: LeaderboardPeriod, bucket: string): string =>
  `${boardPrefix}to:${userId}:${period}:${bucket}`;
/** Who got. */
export const receivers = (period: LeaderboardPeriod, bucket: string): string =>
  `${boardPrefix}receivers:${period}:${bucket}`;

/** The first day of the period of UTC that a time lies in, as PostgreSQL's `date_trunc` says, too. */
export function bucketOf(period: LeaderboardPeriod, at: Date): string {
  const day = new Date(at);
  if (period === 'week') day.setUTCDate(day.getUTCDate() - ((day.getUTCDay() + 6) % 7));
  if (period === 'month') day.setUTCDate(1);
  return day.toISOString().slice(0, 10);
}

/** All boards that a gift counts on. */
export function boardsOf({ sessionId, senderId, recipientId, at }: Counted): Board[] {
  const session = { key: sessionBoard(sessionId), member: senderId, ttlSec: keptDays.session * daySec };
  return [
    session,
    ...leaderboardPeriod.options.flatMap((period) => {
      const [bucket, ttlSec] = [bucketOf(period, at), keptDays[period] * daySec];
      return [
        { key: givenTo(recipientId, period, bucket), member: senderId, ttlSec },
        { key: receivers(period, bucket), member: recipientId, ttlSec },
      ];
    }),
  ];
}

/** How long a board is kept, by its key. */
export function ttlSecOf(key: string): number {
  const period = leaderboardPeriod.options.find((option) => key.includes(`:${option}:`));
  return keptDays[period ?? 'session'] * daySec;
}
