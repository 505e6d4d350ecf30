import {
  notificationType,
  type NotificationSettings,
  type NotificationSettingsInput,
  type NotificationType,
} from '@maydan/contracts';
import type { NotificationSettings as SettingsRow } from '@maydan/prisma';

type Values = Omit<SettingsRow, 'userId'>;

/** Settings as their owner sees them. */
export function toSettings(row: Values): NotificationSettings {
  const wishOf = (type: NotificationType) => ({
    inApp: !row.inAppOff.includes(type),
    push: !row.pushOff.includes(type),
  });
  const { quietFromMin, quietToMin, timeZone } = row;
  const isQuiet = quietFromMin !== null && quietToMin !== null && timeZone !== null;
  return {
    types: {
      ...{ follow: wishOf('follow'), gift: wishOf('gift'), comment: wishOf('comment') },
      ...{ message: wishOf('message'), stream: wishOf('stream'), system: wishOf('system') },
      ...{ invitation: wishOf('invitation'), reminder: wishOf('reminder') },
    },
    quietHours: isQuiet ? { from: timeOf(quietFromMin), to: timeOf(quietToMin), timeZone } : null,
  };
}

/** The settings after a change. */
export function changedSettings(before: Values, { types, quietHours }: NotificationSettingsInput): Values {
  const off = (was: readonly NotificationType[], channel: 'inApp' | 'push') =>
    notificationType.options.filter((type) => !(types?.[type]?.[channel] ?? !was.includes(type)));
  return {
    ...before,
    inAppOff: off(before.inAppOff, 'inApp'),
    pushOff: off(before.pushOff, 'push'),
    ...(quietHours === undefined ? {} : quietColumns(quietHours)),
  };
}

function quietColumns(
  quiet: NotificationSettings['quietHours'],
): Pick<Values, 'quietFromMin' | 'quietToMin' | 'timeZone'> {
  if (quiet === null) return { quietFromMin: null, quietToMin: null, timeZone: null };
  const { from, to, timeZone } = quiet;
  return { quietFromMin: minuteOf(from), quietToMin: minuteOf(to), timeZone };
}

function timeOf(minute: number): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${two(Math.floor(minute / 60))}:${two(minute % 60)}`;
}

function minuteOf(time: string): number {
  const [hour = '0', minute = '0'] = time.split(':');
  return Number(hour) * 60 + Number(minute);
}
