import { useTranslation } from 'react-i18next';
import type { StageState } from '../../stage/stageState.ts';

/** Told to screen readers at each change, and shown while something is not as it should be. */
export function StageStatus({ state }: { readonly state: StageState }) {
  const { t } = useTranslation();
  const text = textOf();
  const shown = state.connection === 'reconnecting' || state.connection === 'closed' || muted() !== null;
  return (
    <p className={shown ? 'stage-status' : 'sr-only'} role="status" data-testid="stage-status">
      {text}
    </p>
  );

  function muted(): string | null {
    if (state.own.microphone?.mutedByHost) return t('room.hostMutedYou');
    return state.own.camera?.mutedByHost ? t('room.hostStoppedCamera') : null;
  }

  function textOf(): string {
    switch (state.connection) {
      case 'idle':
      case 'connecting':
        return t('room.connecting');
      case 'reconnecting':
        return t('stage.reconnecting');
      case 'closed':
        return t(`room.closed.${state.closeReason ?? 'left'}`);
      case 'connected':
        return muted() ?? t('room.onStage', { number: state.peers.length + (onStage() ? 1 : 0) });
    }
  }

  function onStage(): boolean {
    return state.role === 'host' || state.role === 'cohost';
  }
}
