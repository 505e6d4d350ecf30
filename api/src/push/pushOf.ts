import type { Notification } from '@maydan/contracts';
import type { Language } from '@maydan/prisma';
import { pushTable } from '../notifications/delivery.ts';
import type { Push } from './PushSender.ts';
import { pushText } from './pushText.ts';

/** A notification as its owner's devices get it. */
export function pushOf(told: Notification, groupKey: string, language: Language): Push {
  const { id, type } = told;
  // Of the platform's own words all is said in title and body; in two languages they could be too long for a push.
  const data = type === 'system' ? {} : told.data;
  return { id, type, data, lang: language, groupKey, ...pushText(language, told), ...pushTable[type] };
}
