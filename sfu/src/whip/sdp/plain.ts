/**
 * sdp-transform makes numbers of whatever looks like one, whatever its types say: a mid or a ufrag of digits is a number.
 * These give values the type they should have.
 */
export function toText(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}

/** NaN for what is no number. */
export function toNumber(value: unknown): number {
  return typeof value === 'number' ? value : Number.NaN;
}
