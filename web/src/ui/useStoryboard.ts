import { useEffect, useState } from 'react';
import { parseStoryboard } from '../player/storyboard.ts';
import type { StoryboardTile } from '../player/storyboard.ts';

/** Preview pictures of a recording; none while they load, or when they can't be had. */
export function useStoryboard(url: string | null): readonly StoryboardTile[] {
  const [tiles, setTiles] = useState<readonly StoryboardTile[]>([]);
  useEffect(() => {
    setTiles([]);
    if (url === null) return;
    const abort = new AbortController();
    const load = async (): Promise<void> => {
      const answer = await fetch(url, { signal: abort.signal });
      if (answer.ok) setTiles(parseStoryboard(await answer.text(), answer.url));
    };
    // Previews are a comfort: without them the bar shows times alone.
    load().catch(() => undefined);
    return () => abort.abort();
  }, [url]);
  return tiles;
}
