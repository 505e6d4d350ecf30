import { tileAt } from '../player/storyboard.ts';
import type { StoryboardTile } from '../player/storyboard.ts';

interface SeekPreviewProps {
  /** Place on the bar, in [0, 1]. */
  readonly share: number;
  readonly text: string;
  readonly tiles: readonly StoryboardTile[];
  readonly sec: number;
}

/** Time, and a picture where there is one, above the place that is pointed at. */
export function SeekPreview({ share, text, tiles, sec }: SeekPreviewProps) {
  const tile = tileAt(tiles, sec);
  return (
    <span className="preview" style={{ '--at': share }} aria-hidden="true" data-testid="seek-preview">
      {tile && (
        <span className="preview-picture" style={{ width: tile.width, height: tile.height }}>
          <img src={tile.url} alt="" style={{ left: -tile.x, top: -tile.y }} />
        </span>
      )}
      <span className="preview-time">{text}</span>
    </span>
  );
}
