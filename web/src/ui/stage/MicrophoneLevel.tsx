import { useEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { meterShare } from '../../stage/meters.ts';

const everyMs = 100;

/** A meter that shows that the microphone hears something. */
export function MicrophoneLevel({ track }: { readonly track: MediaStreamTrack }) {
  const { t } = useTranslation();
  const meter = useRef<HTMLMeterElement>(null);
  useEffect(() => {
    const context = new AudioContext();
    const analyser = context.createAnalyser();
    const source = context.createMediaStreamSource(new MediaStream([track]));
    source.connect(analyser);
    const samples = new Float32Array(analyser.fftSize);
    const timer = setInterval(() => {
      analyser.getFloatTimeDomainData(samples);
      const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
      // Written past React: ten renders a second would be too many for a bar.
      if (meter.current) meter.current.value = meterShare(Math.sqrt(power));
    }, everyMs);
    return () => {
      clearInterval(timer);
      source.disconnect();
      void context.close();
    };
  }, [track]);
  return (
    <meter
      ref={meter}
      className="level"
      min={0}
      max={1}
      aria-label={t('device.level')}
      data-testid="microphone-level"
    />
  );
}
