/** One preview picture: a rectangle of a sprite sheet that stands for a stretch of the recording. */
export interface StoryboardTile {
  readonly startSec: number;
  readonly endSec: number;
  readonly url: string;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

const timing = /^\s*(?:(\d+):)?(\d\d):(\d\d\.\d{3})\s+-->\s+(?:(\d+):)?(\d\d):(\d\d\.\d{3})/;

function seconds(hours: string | undefined, minutes: string | undefined, secs: string | undefined): number {
  return Number(hours ?? 0) * 3600 + Number(minutes) * 60 + Number(secs);
}

function tileOf(block: string, baseUrl: string): StoryboardTile[] {
  const lines = block.split('\n');
  const at = lines.findIndex((line) => timing.test(line));
  const match = timing.exec(lines[at] ?? '');
  const target = lines[at + 1]?.trim();
  if (!match || !target || !URL.canParse(target, baseUrl)) return [];
  const url = new URL(target, baseUrl);
  const [x, y, width, height] = (/^#xywh=(?:pixel:)?(.*)$/.exec(url.hash)?.[1] ?? '').split(',').map(Number);
  if (x === undefined || y === undefined || !width || !height) return [];
  url.hash = '';
  const [, h1, m1, s1, h2, m2, s2] = match;
  return [{ startSec: seconds(h1, m1, s1), endSec: seconds(h2, m2, s2), url: url.href, x, y, width, height }];
}

/** Reads a WebVTT thumbnail track (`picture.jpg#xywh=…` cues); cues that say anything else are left out. */
export function parseStoryboard(text: string, baseUrl: string): StoryboardTile[] {
  return text
    .replaceAll('\r\n', '\n')
    .split(/\n{2,}/)
    .flatMap((block) => tileOf(block, baseUrl));
}

/** The picture for a position of the recording, counted from its beginning. */
export function tileAt(tiles: readonly StoryboardTile[], sec: number): StoryboardTile | undefined {
  return (
    tiles.find((tile) => sec >= tile.startSec && sec < tile.endSec) ?? (sec > 0 ? tiles.at(-1) : tiles[0])
  );
}
