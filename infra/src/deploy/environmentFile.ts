/** Names and values of an environment file; `#NAME=value` is a default that is not set. */
export interface EnvironmentEntry {
  name: string;
  value: string;
  isSet: boolean;
}

/** Reads `NAME=value` and `#NAME=value`; everything else is prose. */
export function parseEnvironmentFile(text: string): EnvironmentEntry[] {
  return [...text.matchAll(/^(#?)([A-Z][A-Z0-9_]*)=(.*)$/gm)].map(([, mark, name = '', value = '']) => ({
    name,
    value: value.trim(),
    isSet: mark === '',
  }));
}
