import { clockParts } from '../player/timeline.ts';

/** A stretch of time as a clock shows it (`4:05`, `1:02:03`), in the digits of the language. */
export function formatClock(language: string, totalSec: number): string {
  const { hours, minutes, seconds } = clockParts(totalSec);
  const plain = new Intl.NumberFormat(language, { useGrouping: false });
  const padded = new Intl.NumberFormat(language, { minimumIntegerDigits: 2, useGrouping: false });
  const tail = `${hours > 0 ? padded.format(minutes) : plain.format(minutes)}:${padded.format(seconds)}`;
  return hours > 0 ? `${plain.format(hours)}:${tail}` : tail;
}

/** A latency such as `1.4 s`; one decimal is all that a viewer can use. */
export function formatLatency(language: string, sec: number): string {
  const digits = sec < 10 ? 1 : 0;
  return new Intl.NumberFormat(language, {
    style: 'unit',
    unit: 'second',
    unitDisplay: 'short',
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  }).format(sec);
}

/** A day and time in the language's own form and the viewer's time zone. */
export function formatDate(language: string, iso: string): string {
  return new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'short' }).format(new Date(iso));
}

const steps = [
  { unit: 'day', sec: 86_400 },
  { unit: 'hour', sec: 3_600 },
  { unit: 'minute', sec: 60 },
] as const;

/** How long ago something was (`5 minutes ago`); under a minute is `now` in the language's own word. */
export function formatAgo(language: string, iso: string, nowMs: number): string {
  const ageSec = Math.max(0, (nowMs - Date.parse(iso)) / 1000);
  const format = new Intl.RelativeTimeFormat(language, { numeric: 'auto' });
  const step = steps.find(({ sec }) => ageSec >= sec);
  return step ? format.format(-Math.floor(ageSec / step.sec), step.unit) : format.format(0, 'second');
}

/** A bitrate such as `1.7 Mb/s` or `48 kb/s`, in the words of the language. */
export function formatBitrate(language: string, bitrateBps: number): string {
  const mega = bitrateBps >= 1_000_000;
  return new Intl.NumberFormat(language, {
    style: 'unit',
    unit: mega ? 'megabit-per-second' : 'kilobit-per-second',
    maximumFractionDigits: mega ? 1 : 0,
  }).format(bitrateBps / (mega ? 1_000_000 : 1_000));
}

/** A share of 1 as a percentage; tenths matter for loss. */
export function formatPercent(language: string, share: number): string {
  return new Intl.NumberFormat(language, { style: 'percent', maximumFractionDigits: 1 }).format(share);
}
