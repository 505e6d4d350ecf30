import { boardsOf, bucketOf, ttlSecOf } from './boards.ts';

describe('a leaderboard', () => {
  it.each([
    ['2026-11-21T23:59:59.999Z', '2026-11-21', '2026-11-16', '2026-11-01'],
    ['2026-11-22T00:00:00.000Z', '2026-11-22', '2026-11-16', '2026-11-01'],
    ['2026-11-23T00:00:00.000Z', '2026-11-23', '2026-11-23', '2026-11-01'],
    ['2027-01-01T12:00:00.000Z', '2027-01-01', '2026-12-28', '2027-01-01'],
    ['2028-02-29T12:00:00.000Z', '2028-02-29', '2028-02-28', '2028-02-01'],
  ])('of %s is that of the day, of the week from Monday and of the month', (at, ...buckets) => {
    const periods = ['day', 'week', 'month'] as const;
    expect(periods.map((period) => bucketOf(period, new Date(at)))).toEqual(buckets);
  });

  it('counts a gift for its session, its receiver and all receivers', () => {
    const gift = { sessionId: 's', senderId: 'a', recipientId: 'b', at: new Date('2026-11-21T10:00:00Z') };
    const boards = boardsOf(gift);
    expect(boards.map(({ key, member }) => `${key.replace('maydan:gifts:board:', '')} ${member}`)).toEqual([
      'session:s a',
      'to:b:day:2026-11-21 a',
      'receivers:day:2026-11-21 b',
      'to:b:week:2026-11-16 a',
      'receivers:week:2026-11-16 b',
      'to:b:month:2026-11-01 a',
      'receivers:month:2026-11-01 b',
    ]);
    for (const { key, ttlSec } of boards) expect(ttlSecOf(key)).toBe(ttlSec);
  });
});
