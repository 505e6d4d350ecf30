import { useEffect } from 'react';
import type { RefObject } from 'react';
import { commandOf } from '../player/keyboard.ts';
import type { PlayerCommand } from '../player/keyboard.ts';
import type { Player } from '../player/Player.ts';

export function pipOffered(video: HTMLVideoElement): boolean {
  return document.pictureInPictureEnabled && !video.disablePictureInPicture;
}

export function togglePip(video: HTMLVideoElement): void {
  if (!pipOffered(video)) return;
  const change = document.pictureInPictureElement
    ? document.exitPictureInPicture()
    : video.requestPictureInPicture();
  // Refused without a gesture or without a picture: nothing changes.
  change.catch(() => undefined);
}

export function runCommand(player: Player, command: PlayerCommand, toggleFullscreen: () => void): void {
  switch (command.type) {
    case 'togglePlay':
      return player.togglePlay();
    case 'toggleMute':
      return player.setMuted(!player.video.muted);
    case 'toggleFullscreen':
      return toggleFullscreen();
    case 'togglePip':
      return togglePip(player.video);
    case 'goLive':
      return player.goLive();
    case 'goStart':
      return player.seekToFraction(0);
    case 'seekBy':
      return player.seek(player.video.currentTime + command.seconds);
    case 'seekToFraction':
      return player.seekToFraction(command.fraction);
    case 'volumeBy':
      return player.setVolume(player.video.volume + command.amount);
  }
}

/** Whether the focused element has its own use for the key. */
function isTaken(target: EventTarget | null, key: string): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.closest('[role="menu"]')) return true;
  if (target instanceof HTMLTextAreaElement || target.isContentEditable) return true;
  if (target instanceof HTMLInputElement) {
    return target.type !== 'range' || (target.dataset['keys'] === 'own' && key.startsWith('Arrow'));
  }
  const presses = key === ' ' || key === 'Enter';
  if (presses) return target.closest('button, a') !== null;
  return false;
}

/**
 * Keyboard shortcuts of the player: everywhere on the page for single letters, the space bar and the arrows
 * left and right; those that scroll a page (up, down, home, end) only while the player has the focus.
 */
export function usePlayerKeys(
  container: RefObject<HTMLElement | null>,
  player: Player,
  toggleFullscreen: () => void,
): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (event.defaultPrevented || isTaken(event.target, event.key)) return;
      const inside = event.target instanceof Node && container.current?.contains(event.target);
      const scrolls = ['ArrowUp', 'ArrowDown', 'Home', 'End'].includes(event.key);
      const command = commandOf(event);
      if (!command || (scrolls && !inside)) return;
      event.preventDefault();
      runCommand(player, command, toggleFullscreen);
    };
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, [container, player, toggleFullscreen]);
}
