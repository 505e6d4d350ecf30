/** Redis key of the newest health report of a session; it expires when reports stop. */
export const healthKey = (sessionId: string): string => `maydan:session:${sessionId}:health`;
export const healthTtlSec = 30;
