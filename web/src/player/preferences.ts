/** What the player remembers of a viewer. A browser that refuses storage (private mode) just forgets. */
export interface Preferences {
  volume: number;
  bandwidthBps: number | null;
}

const key = 'maydan.player';

function numberIn(value: unknown, low: number, high: number): number | null {
  return typeof value === 'number' && value >= low && value <= high ? value : null;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** Reads stored text; anything that isn't what we wrote counts as nothing. */
export function parsePreferences(text: string | null): Preferences {
  const stored = parseJson(text ?? 'null');
  const fields: Record<string, unknown> = typeof stored === 'object' && stored !== null ? { ...stored } : {};
  return {
    volume: numberIn(fields['volume'], 0, 1) ?? 1,
    bandwidthBps: numberIn(fields['bandwidthBps'], 50_000, 200_000_000),
  };
}

export function loadPreferences(): Preferences {
  try {
    return parsePreferences(localStorage.getItem(key));
  } catch {
    return parsePreferences(null);
  }
}

export function savePreferences(change: Partial<Preferences>): void {
  try {
    localStorage.setItem(key, JSON.stringify({ ...loadPreferences(), ...change }));
  } catch {
    // Nothing depends on it.
  }
}
