import { useTranslation } from 'react-i18next';
import type { Player } from '../player/Player.ts';
import type { PlayerSnapshot } from '../player/snapshot.ts';
import { IconButton } from './IconButton.tsx';
import { RangeInput } from './RangeInput.tsx';
import { MutedIcon, SoundIcon } from './icons.tsx';

interface VolumeProps {
  readonly player: Player;
  readonly snapshot: PlayerSnapshot;
}

/** Mute, and a slider where there is room and a pointer for it (phones have their own keys). */
export function VolumeControl({ player, snapshot }: VolumeProps) {
  const { t, i18n } = useTranslation();
  const { volume, muted } = snapshot;
  const silent = muted || volume === 0;
  const shown = muted ? 0 : volume;
  return (
    <span className="volume">
      <IconButton
        label={silent ? t('player.unmute') : t('player.mute')}
        testId="mute"
        onClick={() => (volume === 0 ? player.setVolume(0.5) : player.setMuted(!muted))}
      >
        {silent ? <MutedIcon /> : <SoundIcon />}
      </IconButton>
      <RangeInput
        className="range volume-range"
        data-keys="own"
        data-testid="volume"
        min={0}
        max={1}
        step={0.05}
        value={shown}
        aria-label={t('player.volume')}
        aria-valuetext={new Intl.NumberFormat(i18n.language, { style: 'percent' }).format(shown)}
        style={{ '--share': shown }}
        onSlide={(next) => player.setVolume(next)}
        onCommit={(next) => player.setVolume(next)}
      />
    </span>
  );
}
