import { mediaSource, stageHealth, streamHealth } from '@maydan/contracts';
import type { MediaSource, StageHealth, StagePeerHealth, StreamHealth } from '@maydan/contracts';
import { useTranslation } from 'react-i18next';
import { account } from '../../account/useAccount.ts';
import { usePolled } from '../../api/usePolled.ts';
import { formatBitrate, formatPercent } from '../../i18n/format.ts';
import type { RtpFigures } from '../../stage/rtpStats.ts';
import type { StageClient } from '../../stage/StageClient.ts';
import { useStageState, useStageStats } from '../../stage/useStageClient.ts';

interface HealthPanelProps {
  readonly sessionId: string;
  readonly client: StageClient | null;
}

const streamEveryMs = 4_000;
const stageEveryMs = 3_000;

/** How the broadcast is doing: what this browser sends, what the server makes of it, and what may help. */
export function HealthPanel({ sessionId: id, client }: HealthPanelProps) {
  const { t } = useTranslation();
  const loadStream = async (): Promise<StreamHealth | null> => {
    const { health } = await account.call((api) => api.sessions.health({ id }));
    return health === null ? null : streamHealth.parse(health);
  };
  const loadStage = async (): Promise<StageHealth> =>
    stageHealth.parse(await account.call((api) => api.stage.health({ id })));
  const stream = usePolled(`health:${id}`, loadStream, streamEveryMs);
  const stage = usePolled(`stageHealth:${id}`, loadStage, stageEveryMs);
  const stats = useStageStats(client, true);
  const sending = mediaSource.options.flatMap((source) => {
    const figures = stats?.sending[source];
    return figures ? [{ source, figures }] : [];
  });
  return (
    <section className="panel-box" aria-labelledby="health-title" data-testid="health-panel">
      <h2 id="health-title">{t('studioHealth.title')}</h2>
      <Warnings client={client} stream={stream.data} stage={stage.data} />
      {sending.map(({ source, figures }) => (
        <SourceFigures key={source} source={source} figures={figures} />
      ))}
      {(stage.data?.peers ?? []).map((health) => (
        <ArrivingFigures key={`${health.peerId}:${health.source}`} client={client} health={health} />
      ))}
      {stream.data ? (
        <StreamFigures health={stream.data} />
      ) : (
        <p className="muted">{t('studioHealth.nothingYet')}</p>
      )}
    </section>
  );
}

interface FigureProps {
  readonly name: string;
  readonly value: string | null;
}

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

function SourceFigures({ source, figures }: { source: MediaSource; figures: RtpFigures }) {
  const { t, i18n } = useTranslation();
  const number = new Intl.NumberFormat(i18n.language);
  const { bitrateBps, lossRatio, roundTripMs, frameRate, width, height, limitedBy } = figures;
  const ms = (value: number): string => t('studioHealth.ms', { number: number.format(value) });
  return (
    <Figures
      title={t(`studioHealth.source.${source}`)}
      testId={`figures-${source}`}
      figures={[
        {
          name: t('studioHealth.bitrate'),
          value: bitrateBps === null ? null : formatBitrate(i18n.language, bitrateBps),
        },
        { name: t('studioHealth.size'), value: width && height ? sizeOf(number, width, height) : null },
        { name: t('studioHealth.frameRate'), value: frameRate === null ? null : number.format(frameRate) },
        {
          name: t('studioHealth.loss'),
          value: lossRatio === null ? null : formatPercent(i18n.language, lossRatio),
        },
        { name: t('studioHealth.roundTrip'), value: roundTripMs === null ? null : ms(roundTripMs) },
        {
          name: t('studioHealth.limitedBy'),
          value:
            limitedBy === 'cpu' || limitedBy === 'bandwidth' ? t(`studioHealth.limit.${limitedBy}`) : null,
        },
      ]}
    />
  );
}

function StreamFigures({ health }: { readonly health: StreamHealth }) {
  const { t, i18n } = useTranslation();
  const number = new Intl.NumberFormat(i18n.language, { maximumFractionDigits: 1 });
  const { video, inputBitrateBps, encoderSpeed, renditions } = health;
  const interval = video?.keyFrameIntervalSec ?? null;
  return (
    <Figures
      title={t('studioHealth.broadcast')}
      testId="figures-broadcast"
      figures={[
        { name: t('studioHealth.bitrate'), value: formatBitrate(i18n.language, inputBitrateBps) },
        { name: t('studioHealth.size'), value: video ? sizeOf(number, video.width, video.height) : null },
        { name: t('studioHealth.frameRate'), value: video ? number.format(video.frameRate) : null },
        {
          name: t('studioHealth.keyFrames'),
          value: interval === null ? null : t('studioHealth.sec', { number: number.format(interval) }),
        },
        {
          name: t('studioHealth.encoder'),
          value: encoderSpeed === null ? null : `${number.format(encoderSpeed)}×`,
        },
        { name: t('studioHealth.renditions'), value: renditions.length > 0 ? renditions.join(', ') : null },
      ]}
    />
  );
}

interface ArrivingProps {
  readonly client: StageClient | null;
  readonly health: StagePeerHealth;
}

/** What the server sees of a device of somebody on stage, whatever program sends it. */
function ArrivingFigures({ client, health }: ArrivingProps) {
  const { t, i18n } = useTranslation();
  const nameOf = useNames(client);
  const whole = new Intl.NumberFormat(i18n.language, { maximumFractionDigits: 0 });
  const tenths = new Intl.NumberFormat(i18n.language, { maximumFractionDigits: 1 });
  const { source, bitrateBps, frameRate, width, height, keyFrameIntervalMs, packetLoss, roundTripTimeMs } =
    health;
  return (
    <Figures
      title={t(`studioHealth.arriving.${source}`, { name: nameOf(health.peerId) })}
      testId={`arriving-${source}`}
      figures={[
        { name: t('studioHealth.bitrate'), value: formatBitrate(i18n.language, bitrateBps) },
        { name: t('studioHealth.size'), value: width && height ? sizeOf(whole, width, height) : null },
        { name: t('studioHealth.frameRate'), value: frameRate === null ? null : whole.format(frameRate) },
        {
          name: t('studioHealth.keyFrames'),
          value:
            keyFrameIntervalMs === null
              ? null
              : t('studioHealth.sec', { number: tenths.format(keyFrameIntervalMs / 1_000) }),
        },
        {
          name: t('studioHealth.loss'),
          value: packetLoss === null ? null : formatPercent(i18n.language, packetLoss),
        },
        {
          name: t('studioHealth.roundTrip'),
          value:
            roundTripTimeMs === null ? null : t('studioHealth.ms', { number: whole.format(roundTripTimeMs) }),
        },
      ]}
    />
  );
}

/** Names of those on stage by peer id. */
function useNames(client: StageClient | null): (peerId: string) => string {
  const { t } = useTranslation();
  const { peers, peerId: own } = useStageState(client);
  return (peerId) => {
    if (peerId === own) return t('room.you');
    return peers.find((peer) => peer.peerId === peerId)?.displayName ?? t('room.somebody');
  };
}

interface WarningsProps {
  readonly client: StageClient | null;
  readonly stream: StreamHealth | null;
  readonly stage: StageHealth | null;
}

function Warnings({ client, stream, stage }: WarningsProps) {
  const { t } = useTranslation();
  const nameOf = useNames(client);
  const texts = [
    ...(stream?.warnings ?? []).map(({ code }) => ({
      key: code,
      text: t(`health.${code}`),
      advice: t(`advice.${code}`),
    })),
    ...(stage?.warnings ?? []).map(({ code, peerId }) => ({
      key: `${code}:${peerId}`,
      text: t(`stageWarning.${code}`, { name: nameOf(peerId) }),
      advice: t(`advice.${code}`),
    })),
  ];
  return (
    <div role="status" data-testid="warnings">
      <ul className="warnings">
        {texts.length === 0 && <li className="muted">{t('studioHealth.allWell')}</li>}
        {texts.map(({ key, text, advice }) => (
          <li key={key} className="warning" data-warning={key}>
            <strong>{text}</strong> <span>{advice}</span>
          </li>
        ))}
      </ul>
    </div>
  );
}

const sizeOf = (number: Intl.NumberFormat, width: number, height: number): string =>
  `${number.format(width)} × ${number.format(height)}`.replaceAll(/[,٬]/g, '');
