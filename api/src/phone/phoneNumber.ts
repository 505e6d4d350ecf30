import { AppError } from '@maydan/common';
import { parsePhoneNumberWithError } from 'libphonenumber-js/max';

/** What no text message goes to, or what others are paid for when one does. */
const unreached = ['PREMIUM_RATE', 'SHARED_COST', 'TOLL_FREE', 'UAN', 'VOICEMAIL', 'PAGER'];

/** The number in E.164; null for what no person's phone in the world has, or without its country code. */
export function toPhoneNumber(text: string): string | null {
  try {
    const number = parsePhoneNumberWithError(text, { extract: false });
    // An extension can't be sent a text message.
    const isReached =
      number.isValid() && number.ext === undefined && !unreached.includes(number.getType() ?? '');
    return isReached ? number.number : null;
  } catch {
    // Not even the form of a number.
    return null;
  }
}

/** The number in E.164; throws `validation_failed` where `toPhoneNumber` finds none. */
export function phoneNumberOf(text: string): string {
  const number = toPhoneNumber(text);
  if (number !== null) return number;
  const message = 'is not a phone number in international form';
  throw new AppError('validation_failed', undefined, [{ path: 'phone', message }]);
}
