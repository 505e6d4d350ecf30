import { mediaSource } from '@maydan/contracts';
import type { StageHealth, StreamHealth } from '@maydan/contracts';
import { useTranslation } from 'react-i18next';
import { useHealth } from '../../api/useHealth.ts';
import type { StageClient } from '../../stage/StageClient.ts';
import { useStageState, useStageStats } from '../../stage/useStageClient.ts';
import { ArrivingFigures, SourceFigures, StreamFigures } from './HealthFigures.tsx';

interface HealthPanelProps {
  readonly sessionId: string;
  readonly client: StageClient | null;
}

/** How the broadcast is doing: what this browser sends, what the server makes of it, and what may help. */
export function HealthPanel({ sessionId: id, client }: HealthPanelProps) {
  const { t } = useTranslation();
  const health = useHealth(id);
  const stream = health?.stream ?? null;
  const stage = health?.stage ?? null;
  const composition = stage?.composition ?? null;
  const nameOf = useNames(client);
  const stats = useStageStats(client, true);
  const sending = mediaSource.options.flatMap((source) => {
    const figures = stats?.sending[source];
    return figures ? [{ source, figures }] : [];
  });
  return (
    <section className="panel-box" aria-labelledby="health-title" data-testid="health-panel">
      <h2 id="health-title">{t('studioHealth.title')}</h2>
      <Warnings client={client} stream={stream} stage={stage} />
      {sending.map(({ source, figures }) => (
        <SourceFigures key={source} source={source} figures={figures} />
      ))}
      {(stage?.peers ?? []).map((device) => (
        <ArrivingFigures
          key={`${device.peerId}:${device.source}`}
          name={nameOf(device.peerId)}
          health={device}
          composition={composition}
        />
      ))}
      {stream ? (
        <StreamFigures health={stream} composition={composition} />
      ) : (
        <p className="muted">{t('studioHealth.nothingYet')}</p>
      )}
    </section>
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
