const inner = ['cause', 'description', 'error'] as const;

/**
 * Whether an error says that nobody listens there: the host answers, but the process is gone. What times out may only be
 * slow. Looks into what `fetch` (cause) and Socket.IO (description, an event with the error) wrap it in.
 */
export function isConnectionRefused(error: unknown): boolean {
  if (typeof error !== 'object' || error === null) return false;
  const told: Partial<Record<(typeof inner)[number] | 'code', unknown>> = error;
  return told.code === 'ECONNREFUSED' || inner.some((key) => isConnectionRefused(told[key]));
}
