import { AppError } from '@maydan/common';
import { parsePhoneNumberWithError } from 'libphonenumber-js/max';

/** The number in E.164; throws `validation_failed` for what no phone in the world has, or without its country code. */
export function phoneNumberOf(text: string): string {
  try {
    const number = parsePhoneNumberWithError(text, { extract: false });
    // An extension can't be sent a text message.
    if (number.isValid() && number.ext === undefined) return number.number;
  } catch {
    // Not even the form of a number.
  }
  const message = 'is not a phone number in international form';
  throw new AppError('validation_failed', undefined, [{ path: 'phone', message }]);
}
