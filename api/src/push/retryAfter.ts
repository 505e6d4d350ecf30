/** Seconds that a `Retry-After` asks for, which may name a time instead (RFC 9110, 10.2.3); null: it says nothing. */
export function retryAfterSec(header: string | null | undefined, now: number): number | null {
  const wished = header?.trim() ?? '';
  if (/^\d+$/.test(wished)) return Number(wished);
  const at = Date.parse(wished);
  return Number.isNaN(at) ? null : Math.max(0, Math.ceil((at - now) / 1_000));
}
