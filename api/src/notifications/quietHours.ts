/** Quiet hours as they are stored: minutes of the day in an IANA time zone. */
export interface Quiet {
  readonly fromMin: number;
  readonly toMin: number;
  readonly timeZone: string;
}

/** Their columns; null: there are none. */
export interface QuietColumns {
  readonly quietFromMin: number | null;
  readonly quietToMin: number | null;
  readonly timeZone: string | null;
}

const dayMin = 1_440;
const minuteMs = 60_000;

export function quietOf({ quietFromMin: fromMin, quietToMin: toMin, timeZone }: QuietColumns): Quiet | null {
  return fromMin === null || toMin === null || timeZone === null ? null : { fromMin, toMin, timeZone };
}

/** When the quiet hours end that `now` lies in; null when it lies in none. */
export function quietUntil(now: Date, { fromMin, toMin, timeZone }: Quiet): Date | null {
  const minuteOf = clockOf(timeZone);
  const isQuiet = (at: Date): boolean => wrap(minuteOf(at) - fromMin) < wrap(toMin - fromMin);
  if (!isQuiet(now)) return null;
  const thisMinute = Math.floor(now.getTime() / minuteMs) * minuteMs;
  const end = new Date(thisMinute + wrap(toMin - minuteOf(now)) * minuteMs);
  // The clocks may be put forward or back in between.
  const shift = wrap(minuteOf(end) - toMin + dayMin / 2) - dayMin / 2;
  const found = new Date(end.getTime() - shift * minuteMs);
  if (minuteOf(found) === toMin) return found;
  // They are put forward over the end itself: that is the first minute behind it.
  let next = new Date(Math.max(found.getTime(), thisMinute));
  while (isQuiet(next)) next = new Date(next.getTime() + minuteMs);
  return next;
}

/** The minute of the day on the clocks of a time zone. */
function clockOf(timeZone: string): (at: Date) => number {
  const format = new Intl.DateTimeFormat('en-GB', {
    ...{ timeZone, hour: '2-digit', minute: '2-digit', hourCycle: 'h23' },
  });
  return (at) => {
    const [hour = '0', minute = '0'] = format.format(at).split(':');
    return Number(hour) * 60 + Number(minute);
  };
}

function wrap(minutes: number): number {
  return ((minutes % dayMin) + dayMin) % dayMin;
}
