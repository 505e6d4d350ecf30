/** What a key does to the player. */
export type PlayerCommand =
  | { readonly type: 'togglePlay' | 'toggleMute' | 'toggleFullscreen' | 'togglePip' | 'goLive' | 'goStart' }
  | { readonly type: 'seekBy'; readonly seconds: number }
  | { readonly type: 'volumeBy'; readonly amount: number }
  | { readonly type: 'seekToFraction'; readonly fraction: number };

interface KeyPress {
  readonly key: string;
  /** Place of the key: finds the Latin letter of a key that types Arabic. */
  readonly code: string;
  readonly ctrlKey: boolean;
  readonly altKey: boolean;
  readonly metaKey: boolean;
}

const commands: Readonly<Record<string, PlayerCommand>> = {
  ' ': { type: 'togglePlay' },
  k: { type: 'togglePlay' },
  m: { type: 'toggleMute' },
  f: { type: 'toggleFullscreen' },
  p: { type: 'togglePip' },
  l: { type: 'seekBy', seconds: 10 },
  j: { type: 'seekBy', seconds: -10 },
  // Media bars run from left to right in every language, so the arrows mean the same in all.
  arrowright: { type: 'seekBy', seconds: 5 },
  arrowleft: { type: 'seekBy', seconds: -5 },
  arrowup: { type: 'volumeBy', amount: 0.05 },
  arrowdown: { type: 'volumeBy', amount: -0.05 },
  home: { type: 'goStart' },
  end: { type: 'goLive' },
};

function nameOf(press: KeyPress): string {
  const place = /^(?:Key|Digit)([A-Z0-9])$/.exec(press.code)?.[1];
  const typesLatin = /^[ -~]+$/.test(press.key);
  return (typesLatin || place === undefined ? press.key : place).toLowerCase();
}

/** The command of a key, or null when the key isn't the player's. */
export function commandOf(press: KeyPress): PlayerCommand | null {
  if (press.ctrlKey || press.altKey || press.metaKey) return null;
  const name = nameOf(press);
  if (/^[0-9]$/.test(name)) return { type: 'seekToFraction', fraction: Number(name) / 10 };
  return commands[name] ?? null;
}
