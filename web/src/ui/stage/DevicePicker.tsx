import type { SessionType } from '@maydan/contracts';
import { useId } from 'react';
import { useTranslation } from 'react-i18next';
import type { LocalDevice, LocalMedia } from '../../stage/LocalMedia.ts';
import { useLocalMediaState } from '../../stage/useStageClient.ts';
import { MicrophoneLevel } from './MicrophoneLevel.tsx';
import { TrackVideo } from './PersonTile.tsx';

interface PickProps {
  readonly testId: string;
  readonly label: string;
  readonly devices: readonly LocalDevice[];
  readonly chosen: string | null;
  readonly onChoose: (deviceId: string) => void;
}

function Pick({ testId, label, devices, chosen, onChoose }: PickProps) {
  const { t } = useTranslation();
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <select
        id={id}
        className="input"
        data-testid={testId}
        value={chosen ?? ''}
        disabled={devices.length === 0}
        onChange={(event) => onChoose(event.target.value)}
      >
        {devices.length === 0 && <option value="">{t('device.none')}</option>}
        {devices.map(({ deviceId, label: name }, index) => (
          <option key={deviceId} value={deviceId}>
            {name || t('device.unnamed', { number: index + 1 })}
          </option>
        ))}
      </select>
    </div>
  );
}

/** What the camera shows, how loud the microphone is, and which of them are used. */
export function DevicePicker({ local, type }: { readonly local: LocalMedia; readonly type: SessionType }) {
  const { t } = useTranslation();
  const state = useLocalMediaState(local);
  const { camera, microphone, problems } = state;
  const problem = problems.camera ?? problems.microphone ?? problems.screen;
  return (
    <div className="devices">
      {type === 'video' && (
        <div className="preview-box" data-testid="preview">
          {camera.on && camera.track ? (
            <TrackVideo track={camera.track} name={t('device.preview')} mirrored />
          ) : (
            <span className="muted">{t('device.cameraIsOff')}</span>
          )}
        </div>
      )}
      {microphone.track && <MicrophoneLevel track={microphone.track} />}
      {type === 'video' && (
        <Pick
          testId="camera-picker"
          label={t('device.camera')}
          devices={state.cameras}
          chosen={state.cameraId}
          onChoose={(deviceId) => void local.start('camera', deviceId)}
        />
      )}
      <Pick
        testId="microphone-picker"
        label={t('device.microphone')}
        devices={state.microphones}
        chosen={state.microphoneId}
        onChoose={(deviceId) => void local.start('microphone', deviceId)}
      />
      <p className="form-problem" role="alert" data-testid="device-problem">
        {problem && t(`device.problem.${problem}`)}
      </p>
    </div>
  );
}
