import type { NotificationType } from '@maydan/contracts';
import { quietUntil, type Quiet } from './quietHours.ts';

/** How long a push of a type is worth something, in seconds, and how much of a hurry it is in (RFC 8030, 5.2 and 5.3). */
export const pushTable = {
  follow: { ttlSec: 3 * 86_400, urgency: 'low' },
  gift: { ttlSec: 86_400, urgency: 'normal' },
  comment: { ttlSec: 86_400, urgency: 'normal' },
  message: { ttlSec: 86_400, urgency: 'high' },
  stream: { ttlSec: 3_600, urgency: 'high' },
  system: { ttlSec: 3 * 86_400, urgency: 'normal' },
  invitation: { ttlSec: 86_400, urgency: 'high' },
  reminder: { ttlSec: 900, urgency: 'high' },
} as const satisfies Record<NotificationType, { ttlSec: number; urgency: 'low' | 'normal' | 'high' }>;

/** What somebody wants to be told of, as far as one notification goes. */
export interface Wishes {
  readonly userId: string;
  readonly inApp: boolean;
  readonly push: boolean;
  readonly hasDevice: boolean;
  readonly quiet: Quiet | null;
}

/** How somebody is told. */
export interface Delivered {
  readonly userId: string;
  /** In the list and as a live event. */
  readonly shown: boolean;
  /** Null: no push. */
  readonly pushAt: Date | null;
}

/** How somebody is told of something that happened at `at`; null when they don't want to be, or can't. */
export function deliveryOf(wishes: Wishes, type: NotificationType, at: Date, now: Date): Delivered | null {
  const { userId, inApp: shown } = wishes;
  const pushAt = wishes.push && wishes.hasDevice ? pushTime(wishes.quiet, type, at, now) : null;
  return shown || pushAt !== null ? { userId, shown, pushAt } : null;
}

/** Of something that happened at `at`: now, or when the quiet hours end; null when the push means nothing by then. */
export function pushTime(quiet: Quiet | null, type: NotificationType, at: Date, now: Date): Date | null {
  const due = (quiet === null ? null : quietUntil(now, quiet)) ?? now;
  return due.getTime() < at.getTime() + pushTable[type].ttlSec * 1_000 ? due : null;
}
