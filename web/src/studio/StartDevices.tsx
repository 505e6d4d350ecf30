import type { SessionType } from '@maydan/contracts';
import { useTranslation } from 'react-i18next';
import type { LocalMedia } from '../stage/LocalMedia.ts';
import { useLocalMediaState } from '../stage/useStageClient.ts';

/** Opens what a session of this kind needs and isn't open yet; what can't be had stands in the devices' problems. */
export async function startDevices(local: LocalMedia, type: SessionType): Promise<void> {
  const { microphone, camera } = local.snapshot();
  if (!microphone.track) await local.start('microphone');
  if (type === 'video' && !camera.track) await local.start('camera');
}

/** The browser asks for leave at a click, not as soon as the page is there. */
export function StartDevices({ local, type }: { readonly local: LocalMedia; readonly type: SessionType }) {
  const { t } = useTranslation();
  const { microphone, camera } = useLocalMediaState(local);
  if (microphone.track && (type === 'audio' || camera.track)) return null;
  return (
    <button
      type="button"
      className="button quiet"
      data-testid="start-devices"
      onClick={() => void startDevices(local, type)}
    >
      {type === 'video' ? t('device.start') : t('device.startMicrophone')}
    </button>
  );
}
