import { errorCode, errorTable } from '@maydan/contracts';
import type { ErrorCode } from '@maydan/contracts';

/** A failed request as the page shows it. */
export interface ApiProblem {
  readonly code: ErrorCode;
  /** The same request can succeed later. */
  readonly retry: boolean;
}

/** Reads what the API client or signaling threw; a server that can't be reached counts as unavailable. */
export function problemOf(error: unknown): ApiProblem {
  const fields: Record<string, unknown> = typeof error === 'object' && error !== null ? { ...error } : {};
  const code = errorCode.safeParse(fields['code']);
  if (code.success) return { code: code.data, retry: errorTable[code.data].retry };
  // An id that isn't one, sent as part of an address, names nothing.
  if (fields['status'] === 404) return { code: 'not_found', retry: false };
  return { code: 'unavailable', retry: true };
}
