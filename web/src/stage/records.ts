/** A copy without one key; the same object when the key isn't there. */
export function withoutKey<T extends object>(record: T, key: string): T {
  if (!(key in record)) return record;
  return Object.fromEntries(Object.entries(record).filter(([name]) => name !== key)) as T;
}
