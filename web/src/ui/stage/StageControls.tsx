import type { SessionType } from '@maydan/contracts';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { LocalMedia } from '../../stage/LocalMedia.ts';
import type { StageClient } from '../../stage/StageClient.ts';
import { useLocalMediaState, useStageState } from '../../stage/useStageClient.ts';
import { CameraIcon, CameraOffIcon, MicrophoneIcon, MicrophoneOffIcon, ScreenIcon } from '../icons.tsx';

interface ToggleProps {
  readonly testId: string;
  readonly label: string;
  /** Pressed: the thing is on. */
  readonly on: boolean;
  readonly disabled?: boolean;
  readonly onClick: () => void;
  readonly children: ReactNode;
}

function Toggle({ testId, label, on, disabled, onClick, children }: ToggleProps) {
  return (
    <button
      type="button"
      className={on ? 'stage-button' : 'stage-button off'}
      aria-pressed={on}
      aria-label={label}
      title={label}
      disabled={disabled}
      data-testid={testId}
      onClick={onClick}
    >
      {children}
    </button>
  );
}

interface ControlsProps {
  readonly client: StageClient | null;
  readonly local: LocalMedia;
  readonly type: SessionType;
  /** The way out: leaving the stage, or ending the session. */
  readonly children: ReactNode;
}

/** Microphone, camera, screen and the way out, for who is on stage. */
export function StageControls({ client, local, type, children }: ControlsProps) {
  const { t } = useTranslation();
  const { microphone, camera, screen } = useLocalMediaState(local);
  const { own } = useStageState(client);
  const sharing = screen.track !== null;
  return (
    <div className="stage-controls" role="group" aria-label={t('room.controls')} data-testid="stage-controls">
      <Toggle
        testId="toggle-microphone"
        label={microphone.on ? t('room.mute') : t('room.unmute')}
        on={microphone.on && own.microphone?.mutedByHost !== true}
        disabled={own.microphone?.mutedByHost === true}
        onClick={() => void local.setOn('microphone', !microphone.on)}
      >
        {microphone.on ? <MicrophoneIcon /> : <MicrophoneOffIcon />}
      </Toggle>
      {type === 'video' && (
        <Toggle
          testId="toggle-camera"
          label={camera.on ? t('room.cameraOff') : t('room.cameraOn')}
          on={camera.on}
          disabled={own.camera?.mutedByHost === true}
          onClick={() => void local.setOn('camera', !camera.on)}
        >
          {camera.on ? <CameraIcon /> : <CameraOffIcon />}
        </Toggle>
      )}
      {type === 'video' && local.canShareScreen && (
        <Toggle
          testId="toggle-screen"
          label={sharing ? t('room.stopSharing') : t('room.shareScreen')}
          on={sharing}
          onClick={() => (sharing ? local.stopScreen() : void local.shareScreen())}
        >
          <ScreenIcon />
        </Toggle>
      )}
      {children}
    </div>
  );
}
