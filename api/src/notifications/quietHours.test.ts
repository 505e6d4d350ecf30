import { quietUntil } from './quietHours.ts';

const night = (timeZone: string) => ({ fromMin: 22 * 60, toMin: 7 * 60, timeZone });
const until = (now: string, timeZone: string): string | undefined =>
  quietUntil(new Date(now), night(timeZone))?.toISOString();

describe('quiet hours', () => {
  it.each([
    // Riyadh is three hours ahead, the whole year.
    ['2026-05-01T18:59:59.999Z', 'Asia/Riyadh', undefined],
    ['2026-05-01T19:00:00.000Z', 'Asia/Riyadh', '2026-05-02T04:00:00.000Z'],
    ['2026-05-02T03:59:59.999Z', 'Asia/Riyadh', '2026-05-02T04:00:00.000Z'],
    ['2026-05-02T04:00:00.000Z', 'Asia/Riyadh', undefined],
    // Half an hour from the others.
    ['2026-05-01T20:00:30.000Z', 'Asia/Kolkata', '2026-05-02T01:30:00.000Z'],
    // The clocks go forward, and back, in that night.
    ['2026-03-28T23:00:00.000Z', 'Europe/Berlin', '2026-03-29T05:00:00.000Z'],
    ['2026-10-24T22:00:00.000Z', 'Europe/Berlin', '2026-10-25T06:00:00.000Z'],
  ])('at %s in %s end at %s', (now, timeZone, end) => {
    expect(until(now, timeZone)).toBe(end);
  });

  it.each([
    // Clocks of Berlin go from 2:00 to 3:00, those of Cairo from midnight to 1:00.
    ['2026-03-28T23:30:00.000Z', 'Europe/Berlin', '2026-03-29T01:00:00.000Z', [22, 2]],
    ['2026-03-29T00:45:20.000Z', 'Europe/Berlin', '2026-03-29T01:00:00.000Z', [22, 2.5]],
    ['2026-04-23T20:00:00.000Z', 'Africa/Cairo', '2026-04-23T22:00:00.000Z', [20, 0]],
    ['2026-04-23T20:00:00.000Z', 'Africa/Cairo', '2026-04-23T22:00:00.000Z', [20, 0.5]],
  ])('at %s in %s end at %s, when their end is skipped: %j', (now, timeZone, end, [from = 0, to = 0]) => {
    const quiet = { fromMin: from * 60, toMin: to * 60, timeZone };
    expect(quietUntil(new Date(now), quiet)?.toISOString()).toBe(end);
    expect(quietUntil(new Date(end), quiet)).toBeNull();
  });

  it('may lie within a day', () => {
    const nap = { fromMin: 13 * 60, toMin: 15 * 60, timeZone: 'UTC' };
    expect(quietUntil(new Date('2026-01-01T12:59:00Z'), nap)).toBeNull();
    expect(quietUntil(new Date('2026-01-01T14:10:20Z'), nap)).toEqual(new Date('2026-01-01T15:00:00Z'));
    expect(quietUntil(new Date('2026-01-01T15:00:00Z'), nap)).toBeNull();
  });
});
