import { createHmac, randomInt, timingSafeEqual } from 'node:crypto';
import { AppError } from '@maydan/common';

/** Another code can be asked for after this time. */
export const resendAfterSec = 60;

/** Six digits. */
export function newCode(): string {
  return String(randomInt(1_000_000)).padStart(6, '0');
}

/** Codes are short: without the secret, their hashes tell them to nobody. Hexadecimal. */
export function hashCode(secret: string, text: string): string {
  return createHmac('sha256', secret).update(text).digest('hex');
}

/** Whether two hashes are of the same code; null is of none. */
export function isSameHash(stored: string | null, given: string): boolean {
  return stored !== null && timingSafeEqual(Buffer.from(stored), Buffer.from(given));
}

/** Throws `rate_limited` while the last code is new. Asked before limits count: waiting costs nobody a code. */
export function requireResend(sentAt: Date | null): void {
  const waitMs = sentAt === null ? 0 : sentAt.getTime() + resendAfterSec * 1_000 - Date.now();
  if (waitMs > 0) throw tooSoon(Math.ceil(waitMs / 1_000));
}

export function tooSoon(retryAfterSec = resendAfterSec): AppError {
  return new AppError('rate_limited', undefined, { retryAfterSec });
}
