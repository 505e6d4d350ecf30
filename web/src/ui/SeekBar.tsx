import { useState } from 'react';
import type { PointerEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { formatClock } from '../i18n/format.ts';
import type { Player } from '../player/Player.ts';
import type { PlayerSnapshot } from '../player/snapshot.ts';
import { fraction } from '../player/timeline.ts';
import { RangeInput } from './RangeInput.tsx';
import { SeekPreview } from './SeekPreview.tsx';
import { useStoryboard } from './useStoryboard.ts';

interface SeekBarProps {
  readonly player: Player;
  readonly snapshot: PlayerSnapshot;
  readonly storyboardUrl: string | null;
}

/**
 * Position in the recording, or in the part of the live session that can be gone back to. A native range input
 * carries keyboard and screen readers; dragging shows the place and seeks when it is let go.
 */
export function SeekBar({ player, snapshot, storyboardUrl }: SeekBarProps) {
  const { t, i18n } = useTranslation();
  const { timeline, kind, following } = snapshot;
  const [dragged, setDragged] = useState<number | null>(null);
  const [hovered, setHovered] = useState<number | null>(null);
  const tiles = useStoryboard(kind === 'recording' ? storyboardUrl : null);

  const shownSec = dragged ?? (following ? timeline.endSec : timeline.positionSec);
  const clock = (sec: number): string => formatClock(i18n.language, sec);
  const label = (sec: number): string => {
    if (kind === 'recording') return clock(sec - timeline.startSec);
    return t('player.behind', { time: clock(timeline.endSec - sec) });
  };
  const commit = (sec: number): void => {
    player.seek(sec);
    setDragged(null);
  };
  const onMove = (event: PointerEvent<HTMLElement>): void => {
    const box = event.currentTarget.getBoundingClientRect();
    const share = Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
    setHovered(timeline.startSec + share * (timeline.endSec - timeline.startSec));
  };
  const pointedSec = dragged ?? hovered;
  return (
    <div
      className="seek"
      style={{
        '--played': fraction(timeline, shownSec),
        '--buffered': following ? 1 : fraction(timeline, timeline.bufferedEndSec),
      }}
      onPointerMove={onMove}
      onPointerLeave={() => setHovered(null)}
    >
      <RangeInput
        className="seek-input"
        data-testid="seek"
        min={timeline.startSec}
        max={timeline.endSec}
        step="any"
        value={shownSec}
        aria-label={t('player.position')}
        aria-valuetext={valueText()}
        onSlide={setDragged}
        onCommit={commit}
      />
      <span className="seek-track" aria-hidden="true" />
      {pointedSec !== null && (
        <SeekPreview
          share={fraction(timeline, pointedSec)}
          text={label(pointedSec)}
          tiles={tiles}
          sec={pointedSec - timeline.startSec}
        />
      )}
    </div>
  );

  function valueText(): string {
    if (kind === 'live' && following && dragged === null) return t('player.positionLive');
    if (kind === 'live') return t('player.positionBehind', { time: clock(timeline.endSec - shownSec) });
    const duration = clock(timeline.endSec - timeline.startSec);
    return t('player.positionOf', { position: clock(shownSec - timeline.startSec), duration });
  }
}
