import { AppError } from '@maydan/common';

/** The body isn't SDP at all: 400. */
export function nonsense(message: string): AppError {
  return new AppError('bad_request', message);
}

/** The offer is SDP, but one that can't be answered: 422 for the whole of it (RFC 9725, section 4.4.3). */
export function refused(message: string, mid?: string): AppError {
  const path = mid === undefined ? 'offer' : `offer.media.${mid}`;
  return new AppError('validation_failed', message, [{ path, message }]);
}
