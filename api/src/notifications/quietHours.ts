/** Quiet hours as they are stored: minutes of the day in an IANA time zone. */
export interface Quiet {
  readonly fromMin: number;
  readonly toMin: number;
  readonly timeZone: string;
}

const dayMin = 1_440;

/** When the quiet hours end that `now` lies in; null when it lies in none. */
export function quietUntil(now: Date, { fromMin, toMin, timeZone }: Quiet): Date | null {
  const localMin = minuteOfDay(now, timeZone);
  const length = wrap(toMin - fromMin);
  if (wrap(localMin - fromMin) >= length) return null;
  const end = new Date(Math.floor(now.getTime() / 60_000) * 60_000 + wrap(toMin - localMin) * 60_000);
  // The clocks may be put forward or back in between.
  const shift = wrap(minuteOfDay(end, timeZone) - toMin + dayMin / 2) - dayMin / 2;
  return new Date(end.getTime() - shift * 60_000);
}

function minuteOfDay(at: Date, timeZone: string): number {
  const format = new Intl.DateTimeFormat('en-GB', {
    ...{ timeZone, hour: '2-digit', minute: '2-digit', hourCycle: 'h23' },
  });
  const [hour = '0', minute = '0'] = format.format(at).split(':');
  return Number(hour) * 60 + Number(minute);
}

function wrap(minutes: number): number {
  return ((minutes % dayMin) + dayMin) % dayMin;
}
