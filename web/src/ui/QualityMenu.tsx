import { useEffect, useId, useRef, useState } from 'react';
import type { KeyboardEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { audioQuality, autoQuality } from '../player/engine.ts';
import type { Player } from '../player/Player.ts';
import type { PlayerSnapshot } from '../player/snapshot.ts';
import { QualityIcon } from './icons.tsx';

interface QualityMenuProps {
  readonly player: Player;
  readonly snapshot: PlayerSnapshot;
}

/** Auto, each rendition from high to low, and sound alone. Hidden where there is nothing to choose. */
export function QualityMenu({ player, snapshot }: QualityMenuProps) {
  const { t, i18n } = useTranslation();
  const [open, setOpen] = useState(false);
  const menuId = useId();
  const root = useRef<HTMLSpanElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  const choices = useChoices(snapshot);

  useEffect(() => {
    if (!open) return;
    root.current?.querySelector<HTMLElement>('[aria-checked="true"]')?.focus();
    const onOutside = (event: PointerEvent): void => {
      if (event.target instanceof Node && !root.current?.contains(event.target)) setOpen(false);
    };
    document.addEventListener('pointerdown', onOutside);
    return () => document.removeEventListener('pointerdown', onOutside);
  }, [open]);

  const close = (): void => {
    setOpen(false);
    button.current?.focus();
  };
  const choose = (id: string): void => {
    player.selectQuality(id);
    close();
  };
  if (choices.length < 3) return null;
  return (
    <span className="quality" ref={root}>
      <button
        ref={button}
        type="button"
        className="icon-button"
        aria-label={t('player.quality')}
        title={t('player.quality')}
        aria-haspopup="menu"
        aria-expanded={open}
        aria-controls={open ? menuId : undefined}
        data-testid="quality"
        onClick={() => setOpen(!open)}
      >
        <QualityIcon />
      </button>
      {open && (
        <div
          id={menuId}
          role="menu"
          className="menu"
          dir={i18n.dir()}
          aria-label={t('player.quality')}
          data-testid="quality-menu"
          onKeyDown={(event) => moveFocus(event, close)}
        >
          {choices.map(({ id, text }) => (
            <button
              key={id}
              type="button"
              role="menuitemradio"
              tabIndex={-1}
              aria-checked={id === snapshot.selectedQuality}
              data-quality={id}
              onClick={() => choose(id)}
            >
              <bdi>{text}</bdi>
            </button>
          ))}
        </div>
      )}
    </span>
  );
}

function useChoices(snapshot: PlayerSnapshot): { id: string; text: string }[] {
  const { t } = useTranslation();
  const { qualities, activeQuality, selectedQuality, canSelectAudio } = snapshot;
  const auto =
    selectedQuality === autoQuality && activeQuality
      ? t('player.qualityAutoNow', { name: activeQuality })
      : t('player.qualityAuto');
  const renditions = qualities.toSorted((a, b) => b.heightPx - a.heightPx || b.bitrateBps - a.bitrateBps);
  return [
    { id: autoQuality, text: auto },
    ...renditions.map(({ id }) => ({ id, text: id })),
    ...(canSelectAudio ? [{ id: audioQuality, text: t('player.qualityAudio') }] : []),
  ];
}

/** Arrow keys walk through the menu in a circle, Escape and Tab leave it. */
function moveFocus(event: KeyboardEvent<HTMLElement>, close: () => void): void {
  const items = [...event.currentTarget.querySelectorAll<HTMLElement>('[role="menuitemradio"]')];
  const at = items.findIndex((item) => item === document.activeElement);
  const targets: Record<string, number> = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: -1 };
  const target = targets[event.key];
  if (event.key === 'Escape' || event.key === 'Tab') close();
  else if (target !== undefined) items.at(target % items.length)?.focus();
  else return;
  event.preventDefault();
}
