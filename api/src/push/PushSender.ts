import type { NotificationType } from '@maydan/contracts';
import type { Language, PushDevice } from '@maydan/prisma';
import type { PushText } from './pushText.ts';

/** What a device is sent, by whatever service. */
export interface Push extends PushText {
  /** Of the notification. */
  readonly id: string;
  readonly type: NotificationType;
  readonly data: object;
  readonly lang: Language;
  /** Pushes of one group replace each other. */
  readonly groupKey: string;
  /** How long it is worth something. */
  readonly ttlSec: number;
  readonly urgency: 'low' | 'normal' | 'high';
}

/** A way to devices of one kind. */
export interface PushSender {
  /**
   * `gone`: the service knows no such device any more. Throws `PushPutOff` when the service can't take it now, BullMQ's
   * `UnrecoverableError` when it never will.
   */
  send(device: PushDevice, push: Push): Promise<'sent' | 'gone'>;
}

/** A push service that can't take it now. */
export class PushPutOff extends Error {
  readonly retryAfterSec: number | null;

  constructor(message: string, retryAfterSec: number | null, cause?: unknown) {
    super(message, { cause });
    this.retryAfterSec = retryAfterSec;
  }
}

/** What a service that has too much to do, or is broken, answers with. */
export function isPutOff(status: number): boolean {
  return status === 429 || status >= 500;
}
