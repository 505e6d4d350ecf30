import type { MediaSource, StageComposition, StagePeerHealth, StreamHealth } from '@maydan/contracts';
import { useTranslation } from 'react-i18next';
import { formatBitrate, formatPercent } from '../../i18n/format.ts';
import type { RtpFigures } from '../../stage/rtpStats.ts';

interface FigureProps {
  readonly name: string;
  readonly value: string | null;
}

/** Figures by name; those that nobody knows are left out. */
function Figures({ title, figures, testId }: { title: string; figures: FigureProps[]; testId: string }) {
  return (
    <div className="figures" data-testid={testId}>
      <h3>{title}</h3>
      <dl>
        {figures
          .filter(({ value }) => value !== null)
          .map(({ name, value }) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>
                <bdi>{value}</bdi>
              </dd>
            </div>
          ))}
      </dl>
    </div>
  );
}

/** How figures are written in the language of the page; what is null stays so. */
function useWriting() {
  const { t, i18n } = useTranslation();
  const { language } = i18n;
  const whole = new Intl.NumberFormat(language, { maximumFractionDigits: 0 });
  const tenths = new Intl.NumberFormat(language, { maximumFractionDigits: 1 });
  const when = (value: number | null, write: (known: number) => string): string | null =>
    value === null ? null : write(value);
  return {
    rate: (value: number | null) => when(value, (fps) => whole.format(fps)),
    bitrate: (value: number | null) => when(value, (bps) => formatBitrate(language, bps)),
    ms: (value: number | null) =>
      when(value, (number) => t('studioHealth.ms', { number: whole.format(number) })),
    sec: (value: number | null) =>
      when(value, (number) => t('studioHealth.sec', { number: tenths.format(number) })),
    times: (value: number | null) => when(value, (speed) => `${tenths.format(speed)}×`),
    percent: (value: number | null) => when(value, (share) => formatPercent(language, share)),
    size: (width: number | null, height: number | null): string | null =>
      width && height ? `${whole.format(width)} × ${whole.format(height)}`.replaceAll(/[,٬]/g, '') : null,
    /** So many of all. */
    count: (value: number | null, of: number): string | null =>
      when(value, (number) =>
        t('studioHealth.count', {
          number: whole.format(number),
          share: formatPercent(language, of === 0 ? 0 : number / of),
        }),
      ),
  };
}

/** What this browser sends of one of its devices. */
export function SourceFigures({ source, figures }: { source: MediaSource; figures: RtpFigures }) {
  const { t } = useTranslation();
  const write = useWriting();
  const { bitrateBps, lossRatio, roundTripMs, jitterMs, frameRate, width, height, limitedBy } = figures;
  const limit =
    limitedBy === 'cpu' || limitedBy === 'bandwidth' ? t(`studioHealth.limit.${limitedBy}`) : null;
  return (
    <Figures
      title={t(`studioHealth.source.${source}`)}
      testId={`figures-${source}`}
      figures={[
        { name: t('studioHealth.bitrate'), value: write.bitrate(bitrateBps) },
        { name: t('studioHealth.size'), value: write.size(width, height) },
        { name: t('studioHealth.frameRate'), value: write.rate(frameRate) },
        { name: t('studioHealth.loss'), value: write.percent(lossRatio) },
        { name: t('studioHealth.roundTrip'), value: write.ms(roundTripMs) },
        { name: t('studioHealth.jitter'), value: write.ms(jitterMs) },
        { name: t('studioHealth.limitedBy'), value: limit },
      ]}
    />
  );
}

interface StreamProps {
  readonly health: StreamHealth;
  /** Of the stage, while one is composed. */
  readonly composition: StageComposition | null;
}

/** What goes to all viewers. */
export function StreamFigures({ health, composition }: StreamProps) {
  const { t } = useTranslation();
  const write = useWriting();
  const { video, frames, inputBitrateBps, encoderSpeed, renditions } = health;
  const expected = (frames?.received ?? 0) + (frames?.missing ?? 0);
  const received = frames?.received ?? 0;
  const composed = (composition?.made ?? 0) + (composition?.skipped ?? 0);
  return (
    <Figures
      title={t('studioHealth.broadcast')}
      testId="figures-broadcast"
      figures={[
        { name: t('studioHealth.bitrate'), value: write.bitrate(inputBitrateBps) },
        { name: t('studioHealth.size'), value: write.size(video?.width ?? null, video?.height ?? null) },
        { name: t('studioHealth.frameRate'), value: write.rate(video?.frameRate ?? null) },
        { name: t('studioHealth.keyFrames'), value: write.sec(video?.keyFrameIntervalSec ?? null) },
        { name: t('studioHealth.framesMissing'), value: write.count(frames?.missing ?? null, expected) },
        { name: t('studioHealth.framesLate'), value: write.count(frames?.late ?? null, received) },
        { name: t('studioHealth.framesDropped'), value: write.count(frames?.dropped ?? null, received) },
        {
          name: t('studioHealth.composition'),
          value: write.count(composition?.skipped ?? null, composed),
        },
        { name: t('studioHealth.encoder'), value: write.times(encoderSpeed) },
        { name: t('studioHealth.renditions'), value: renditions.length > 0 ? renditions.join(', ') : null },
      ]}
    />
  );
}

interface ArrivingProps {
  readonly health: StagePeerHealth;
  /** Of the person. */
  readonly name: string;
  readonly composition: StageComposition | null;
}

/** What the server sees of a device of somebody on stage, whatever program sends it. */
export function ArrivingFigures({ health, name, composition }: ArrivingProps) {
  const { t } = useTranslation();
  const write = useWriting();
  const { peerId, source, bitrateBps, frameRate, width, height, keyFrameIntervalMs, frames } = health;
  const { packetLoss, roundTripTimeMs, jitterMs } = health;
  const keyFrameSec = keyFrameIntervalMs === null ? null : keyFrameIntervalMs / 1_000;
  const received = frames?.received ?? 0;
  const shown = composition?.people.find((one) => one.peerId === peerId && one.source === source);
  return (
    <Figures
      title={t(`studioHealth.arriving.${source}`, { name })}
      testId={`arriving-${source}`}
      figures={[
        { name: t('studioHealth.bitrate'), value: write.bitrate(bitrateBps) },
        { name: t('studioHealth.size'), value: write.size(width, height) },
        { name: t('studioHealth.frameRate'), value: write.rate(frameRate) },
        { name: t('studioHealth.keyFrames'), value: write.sec(keyFrameSec) },
        {
          name: t('studioHealth.framesLost'),
          value: write.count(frames?.lost ?? null, received + (frames?.lost ?? 0)),
        },
        { name: t('studioHealth.framesLate'), value: write.count(frames?.late ?? null, received) },
        {
          name: t('studioHealth.broadcastLate'),
          value: write.count(shown?.late ?? null, shown?.received ?? 0),
        },
        {
          name: t('studioHealth.broadcastDropped'),
          value: write.count(shown?.dropped ?? null, shown?.received ?? 0),
        },
        { name: t('studioHealth.loss'), value: write.percent(packetLoss) },
        { name: t('studioHealth.roundTrip'), value: write.ms(roundTripTimeMs) },
        { name: t('studioHealth.jitter'), value: write.ms(jitterMs) },
      ]}
    />
  );
}
