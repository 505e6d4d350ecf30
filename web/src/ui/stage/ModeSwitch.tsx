import { useTranslation } from 'react-i18next';

/** How a viewer watches: the ordinary player, or WebRTC within a second. */
export type WatchMode = 'hls' | 'realtime';

interface ModeSwitchProps {
  readonly mode: WatchMode;
  readonly onMode: (mode: WatchMode) => void;
}

export function ModeSwitch({ mode, onMode }: ModeSwitchProps) {
  const { t } = useTranslation();
  return (
    <fieldset className="choice mode-switch" data-testid="mode-switch" data-mode={mode}>
      <legend className="sr-only">{t('room.mode')}</legend>
      {(['hls', 'realtime'] as const).map((option) => (
        <label key={option}>
          <input
            type="radio"
            name="mode"
            value={option}
            checked={mode === option}
            data-testid={`mode-${option}`}
            onChange={() => onMode(option)}
          />
          <span>{t(`room.modes.${option}`)}</span>
        </label>
      ))}
    </fieldset>
  );
}
