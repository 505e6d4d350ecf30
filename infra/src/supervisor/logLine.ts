/** pino's level from which on a person should see a line. */
const WARN = 40;
const hidden = new Set(['level', 'time', 'pid', 'service', 'msg', 'hostname', 'err']);
const levelNames: Record<number, string> = { 40: 'warning', 50: 'error', 60: 'fatal' };

/**
 * A service's log line for the console: null when it is not worth a person's attention. Lines that are not pino's JSON
 * (a crash before the logger is there) always are.
 */
export function consoleLine(line: string, verbose: boolean): string | null {
  const entry = parse(line);
  if (entry === null) return line.trim() === '' ? null : line;
  const level = typeof entry['level'] === 'number' ? entry['level'] : 30;
  if (level < WARN && !verbose) return null;
  const message = typeof entry['msg'] === 'string' ? entry['msg'] : '';
  return [levelNames[level] ?? '', message, details(entry), errorText(entry['err'])]
    .filter(Boolean)
    .join(' ');
}

function parse(line: string): Record<string, unknown> | null {
  if (!line.startsWith('{')) return null;
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value)) : null;
  } catch {
    return null;
  }
}

function details(entry: Record<string, unknown>): string {
  return Object.entries(entry)
    .filter(([key]) => !hidden.has(key))
    .map(([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(' ');
}

function errorText(error: unknown): string {
  if (typeof error !== 'object' || error === null || !('message' in error)) return '';
  return `(${String(error.message)})`;
}
