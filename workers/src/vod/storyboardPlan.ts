import type { IFrameEntry } from './iFrameEntries.ts';

/** Small pictures for the seek bar: on a few sheets, found by a WebVTT file with `#xywh=` fragments. */
export interface StoryboardPlan {
  readonly frames: readonly IFrameEntry[];
  readonly thumbnail: { readonly width: number; readonly height: number };
  readonly columns: number;
  readonly rowsPerSheet: number;
}

const intervalsSec = [2, 5, 10, 15, 30, 60, 120, 300, 600];
const mostFrames = 200;
const longSide = 160;
const columns = 10;
const rowsPerSheet = 10;

/** About one frame per interval; the interval grows with the recording so that there are 200 at most. */
export function planStoryboard(
  entries: readonly IFrameEntry[],
  picture: { readonly width: number; readonly height: number },
): StoryboardPlan {
  const last = entries.at(-1);
  const durationSec = last === undefined ? 0 : last.startSec + last.durationSec;
  const intervalSec = intervalsSec.find((sec) => durationSec / sec <= mostFrames) ?? durationSec / mostFrames;
  const frames: IFrameEntry[] = [];
  for (const entry of entries) {
    const previous = frames.at(-1);
    // A key frame may come a little early; the next one would leave a hole.
    if (previous === undefined || entry.startSec - previous.startSec >= intervalSec * 0.9) frames.push(entry);
  }
  return { frames: frames.slice(0, mostFrames * 2), thumbnail: thumbnailOf(picture), columns, rowsPerSheet };
}

function thumbnailOf({ width, height }: { width: number; height: number }): {
  width: number;
  height: number;
} {
  const factor = longSide / Math.max(width, height, 1);
  const even = (side: number): number => Math.max(2, Math.round((side * factor) / 2) * 2);
  return { width: even(width), height: even(height) };
}

export const sheetName = (index: number): string => `storyboard-${index + 1}.jpg`;

/** WebVTT that maps times to places on the sheets. Each picture stands until the next one. */
export function renderStoryboard({
  frames,
  thumbnail,
  columns: across,
  rowsPerSheet: down,
}: StoryboardPlan): string {
  const { width, height } = thumbnail;
  const cues = frames.map(({ startSec, durationSec }, index) => {
    const endSec = frames[index + 1]?.startSec ?? startSec + durationSec;
    const place = index % (across * down);
    const x = (place % across) * width;
    const y = Math.floor(place / across) * height;
    const sheet = sheetName(Math.floor(index / (across * down)));
    return `${timestamp(startSec)} --> ${timestamp(endSec)}\n${sheet}#xywh=${x},${y},${width},${height}\n`;
  });
  return `WEBVTT\n\n${cues.join('\n')}`;
}

function timestamp(sec: number): string {
  const ms = Math.round(sec * 1_000);
  const two = (value: number): string => String(Math.floor(value)).padStart(2, '0');
  const rest = String(ms % 1_000).padStart(3, '0');
  return `${two(ms / 3_600_000)}:${two((ms / 60_000) % 60)}:${two((ms / 1_000) % 60)}.${rest}`;
}
