import type { Quality } from './engine.ts';

interface LevelShape {
  readonly width: number;
  readonly height: number;
  readonly frameRate: number;
  readonly bitrate: number;
}

/** Renditions are named by their short side, also for portrait video. */
export function shortSide(level: LevelShape): number {
  return Math.min(level.width || level.height, level.height);
}

/** Menu entries in the order of the levels, each with an id that is unique among them. */
export function qualitiesOf(levels: readonly LevelShape[]): Quality[] {
  const used = new Set<string>();
  return levels.map((level) => {
    const heightPx = shortSide(level);
    const fps = level.frameRate > 30.5 ? String(Math.round(level.frameRate)) : '';
    const name = heightPx > 0 ? `${heightPx}p${fps}` : `${Math.round(level.bitrate / 1000)}k`;
    const id = used.has(name) ? `${name}-${Math.round(level.bitrate / 1000)}k` : name;
    used.add(id);
    return { id, heightPx, frameRate: level.frameRate, bitrateBps: level.bitrate };
  });
}
